"""Messages -> events: a plain table from source to reader. Unknown is counted, never fatal.

A new service is one file (or one row in services.py) and one line here.
"""

import re
from collections.abc import Callable

from aiops_daemon.events import alarms, autoscaling, cloudtrail, ec2, ecs, findings, health, rds, services
from aiops_daemon.events.arn import formed, resource_of, service_name
from aiops_daemon.events.call_targets import GENERIC, TARGETS
from aiops_daemon.events.making import made
from aiops_daemon.events.rows import Row
from aiops_daemon.events.tree import first_text, named, texts
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import EventKind, Ignored, Parked, Reading, Resource

_TABLES: dict[str, tuple[Row, ...]] = {
    "ec2": ec2.ROWS, "ec2fleet": ec2.ROWS, "ec2spotfleet": ec2.ROWS, "rbin": ec2.ROWS, "autoscaling": autoscaling.ROWS, "rds": rds.ROWS,
    "ecs": ecs.ROWS, "eks": ecs.ROWS, "ssm": services.SSM, "s3": services.S3, "backup": services.BACKUP, "codebuild": services.CODEBUILD,
    "codepipeline": services.CODEPIPELINE, "codedeploy": services.CODEDEPLOY, "codecommit": services.CODECOMMIT, "states": services.STATES,
    "batch": services.BATCH, "glue": services.GLUE, "ecr": services.ECR, "acm": services.ACM, "cloudformation": services.CLOUDFORMATION,
    "synthetics": services.SYNTHETICS, "elasticache": services.ELASTICACHE, "dms": services.DMS, "secretsmanager": services.SECRETSMANAGER,
    "events": services.SCHEDULES, "scheduler": services.SCHEDULES, "tag": services.TAGS, "es": services.OPENSEARCH,
    "opensearch": services.OPENSEARCH, "aidevops": services.AIDEVOPS, "route53resolver": services.RESOLVER,
    "application-autoscaling": services.SCALABLE_TARGETS,
}  # fmt: skip
_READERS: dict[str, Callable[[Envelope], Reading]] = {
    "cloudwatch": alarms.read, "health": health.read, "guardduty": findings.read, "securityhub": findings.read, "inspector2": findings.read,
    "inspector": findings.read, "macie": findings.read, "macie2": findings.read, "access-analyzer": findings.read, "config": findings.read,
    "trustedadvisor": findings.read,
}  # fmt: skip
_GENERIC = Row("", EventKind.NOTICE, "unknown", (), ("state", "status", "event"))


def recognize(envelope: Envelope) -> Reading:
    """0..n events. Never raises: what cannot be read is a reason."""
    try:
        return _read(envelope)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:  # a shape that no reader foresaw
        return Parked(reason=f"unreadable detail: {envelope.detail_type[:80]!r}, {type(error).__name__}")


def _read(envelope: Envelope) -> Reading:
    if envelope.source == "awshealth.mock" and envelope.detail_type == "AWS Health Event":
        return health.read(envelope)  # the source that AWS documents for drills of Health rules
    if not envelope.source.startswith("aws."):
        return Ignored(reason="source is not an AWS service")
    if "eventName" in envelope.detail and ("via CloudTrail" in envelope.detail_type or "eventSource" in envelope.detail):
        return cloudtrail.read(envelope)
    service = envelope.source.removeprefix("aws.").split(".")[0]
    reader = _READERS.get(service)
    if reader is not None:
        return reader(envelope)
    row = next((row for row in _TABLES.get(service, ()) if row.matches(envelope.detail_type)), _GENERIC)
    resources = _resources(envelope, row, service)
    fallback = f"{service_name(service.lower())}:resource" if row is _GENERIC else row.type
    if row is _GENERIC or (not row.title and row.type != "unknown"):
        resources = resources or _titled(envelope, service.lower())
    return made(envelope, row.kind, first_text(envelope.detail, *row.name), resources, fallback=fallback)


_NO_NOUNS = frozenset({"state", "change", "status", "event", "notification", "amazon", "aws", "service", "execution", "account"})


def _titled(envelope: Envelope, service: str) -> list[Resource]:
    """No row and no ARN: the outermost id or name whose noun stands in the title (clusterId in EMR Cluster State Change)."""
    title = re.sub(r"[^a-z0-9]", "", envelope.detail_type.lower())
    words = set(re.findall(r"[a-z]{3,}", envelope.detail_type.lower())) - _NO_NOUNS
    near: list[Resource] = []
    for _, key, value in named(dict(envelope.detail), depth=2):
        match = GENERIC.match(re.sub(r"[^a-z0-9]", "", key.lower()))
        if not match or len(match["noun"]) <= 2 or not isinstance(value, str) or not value.strip():
            continue
        one = resource_of(value) or Resource(type=f"{service_name(service)}:{match['noun']}", id=value.strip())
        if match["noun"] in title:
            return [one]
        if match["noun"].endswith(tuple(words)) or match["noun"].startswith(tuple(words)):  # queryExecutionId in Athena Query State Change
            near.append(one)
    return near[:1] or _tabled(envelope, service) or _only_arn(envelope, service)


def _only_arn(envelope: Envelope, service: str) -> list[Resource]:
    """The one thing of the service itself whose ARN the message holds."""
    given = {value for key, value in envelope.detail.items() if isinstance(value, str) and key.lower().endswith("arn")}
    own = [one for text in given if (one := resource_of(text)) is not None and one.service == service_name(service)]
    return own if len(own) == 1 else []


def _tabled(envelope: Envelope, service: str) -> list[Resource]:
    """The parameter that names a target in the service's calls names it in its messages as well."""
    table = TARGETS.get("elasticmapreduce" if service == "emr" else service, {})
    told = {
        re.sub(r"[^a-z0-9]", "", key.lower()): value for key, value in envelope.detail.items() if isinstance(value, str) and value.strip()
    }
    kinds = ((thing, told[low]) for low, thing in table.items() if low in told and thing.replace("-", "").isalpha())
    return [Resource(type=f"{service_name(service)}:{thing}", id=text.strip()) for thing, text in kinds][:1]


def _resources(envelope: Envelope, row: Row, service: str) -> list[Resource]:
    for path in row.ids:
        found = texts(envelope.detail, path)[: 1 if row.first else None]
        if found:
            return [
                Resource(type=row.type, id=text) if row.bare else resource_of(text) or formed(text) or Resource(type=row.type, id=text)
                for text in found
            ]
    if not row.arns:
        return []
    named = [one for text in envelope.resources if (one := resource_of(text)) is not None]
    wanted = row.type.partition(":")[0]
    fitting = [one for one in named if one.type == row.type] or [one for one in named if one.service in {wanted, service_name(service)}]
    return fitting or (named if row is _GENERIC or wanted == "unknown" else [])
