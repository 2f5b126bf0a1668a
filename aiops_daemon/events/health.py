"""AWS Health: the entities that an event affects, typed by the service that it is about."""

import re

from aiops_daemon.events.arn import resource_of
from aiops_daemon.events.making import made
from aiops_daemon.events.tree import first_text, texts
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import EventKind, Reading, Resource

_BY_FORM = (
    (re.compile(r"^i-|instance", re.IGNORECASE), "ec2:instance"), (re.compile(r"^vol-|vol", re.IGNORECASE), "ec2:volume"),
    (re.compile(r"^cr-"), "ec2:capacity-reservation"), (re.compile(r"^snap-"), "ec2:snapshot"), (re.compile(r"^sg-"), "ec2:security-group"),
    (re.compile(r"^vpn-"), "ec2:vpn-connection"), (re.compile(r"^(AKIA|ASIA)|ACCESS_KEY"), "iam:access-key"),
)  # fmt: skip
_BY_SERVICE = {
    "EC2": "ec2:instance", "EBS": "ec2:volume", "RDS": "rds:db", "RISK": "iam:access-key", "IAM": "iam:user", "LAMBDA": "lambda:function",
    "ECS": "ecs:service", "S3": "s3:bucket", "DYNAMODB": "dynamodb:table", "ELASTICACHE": "elasticache:cluster", "ES": "opensearch:domain",
    "ACM": "acm:certificate", "VPN": "ec2:vpn-connection", "REDSHIFT": "redshift:cluster", "EKS": "eks:cluster", "KMS": "kms:key",
    "DIRECTCONNECT": "directconnect:connection", "ELASTICLOADBALANCING": "elasticloadbalancing:loadbalancer",
}  # fmt: skip


def read(envelope: Envelope) -> Reading:
    """One event per affected entity; an account-wide event names none."""
    service = first_text(envelope.detail, "service").upper()
    entities = texts(envelope.detail, "affectedEntities.entityValue")
    resources = [
        _resource(service, entity)
        for entity in (entity.partition(" | ")[0] for entity in entities)
        if entity not in {"UNKNOWN", "AWS_ACCOUNT", envelope.account}
    ]
    return made(envelope, EventKind.NOTICE, first_text(envelope.detail, "eventTypeCode") or "AWS Health Event", resources)


def _resource(service: str, entity: str) -> Resource:
    found = resource_of(entity)
    if found is not None:
        return found
    if service in {"EC2", "EBS", "RISK", ""}:
        for form, kind in _BY_FORM:
            if form.search(entity):
                return Resource(type=kind, id=entity)
    return Resource(type=_BY_SERVICE.get(service, f"{service.lower() or 'health'}:resource"), id=entity)
