"""Who is behind an event, decided on parsed fields before any model is asked.

Only what AWS itself wrote counts: error code, identity, invokedBy. The user agent is the caller's own claim and is not read here.
Findings and sign-ins are judgements of their own: no window and no listed actor explains them away.
"""

from fnmatch import fnmatchcase

from aiops_daemon.model.event import Actor, ActorKind, Event, EventKind
from aiops_daemon.model.verdict import Cause, Provenance
from aiops_daemon.policy.settings import PolicySettings

# Services that create, stop and delete other services' resources by themselves. A console or a shell that passes a person's
# call on (signin, cloudshell, "AWS Internal", Systems Manager run by hand) explains nothing and is not listed.
_ORCHESTRATORS = """
    autoscaling application-autoscaling cloudformation codedeploy ecs ecs-tasks eks eks-nodegroup eks-fargate
    elasticbeanstalk spot spotfleet ec2fleet batch elasticmapreduce sagemaker rds docdb elasticache redshift dynamodb backup
    dlm imagebuilder servicecatalog stacksets.cloudformation member.org.stacksets.cloudformation controltower opsworks
    gamelift workspaces elasticloadbalancing lambda config-multiaccountsetup fms replicator.lambda apprunner karpenter kafka
    es opensearchservice datapipeline dms fsx elasticfilesystem transitgateway global-accelerator mq ops.emr-serverless
    emr-containers databrew glue
"""
ORCHESTRATORS = frozenset(f"{service}.amazonaws.com" for service in _ORCHESTRATORS.split())
_EXPLAINABLE = frozenset({EventKind.API_CALL, EventKind.SERVICE_ACTION, EventKind.STATE_CHANGE, EventKind.ALARM, EventKind.NOTICE})


def explain_cause(event: Event, policy: PolicySettings) -> Provenance:
    """The first explanation that holds, strongest first."""
    if event.error_code:
        return Provenance(cause=Cause.DENIED, reason=f"{event.name} did not take effect: {event.error_code}")
    explained = _explained(event, policy) if event.kind in _EXPLAINABLE else None
    return explained or Provenance()


def _explained(event: Event, policy: PolicySettings) -> Provenance | None:
    own = _own_role(event, policy)
    if own:
        return Provenance(cause=Cause.OWN_ACTION, reason=f"done by the daemon itself ({own})")
    if policy.authorises(event.actor):
        return Provenance(cause=Cause.AUTHORISED, reason=f"{event.actor.label} is an authorised actor")
    service = _acting_service(event)
    if service:
        return Provenance(cause=Cause.SERVICE_ON_PURPOSE, reason=f"{event.name} was done by {service}, which manages the resource")
    window = policy.window_over(event)
    if window:
        when = f"from {window.start:%H:%M} to {window.end:%H:%M} UTC"
        return Provenance(cause=Cause.AUTHORISED, reason=f"within the {window.reason} {when}")
    return None


def role_name(arn: str | None) -> str | None:
    """The role in a role ARN or an assumed-role session ARN, without its path."""
    if not arn:
        return None
    if ":assumed-role/" in arn:
        return arn.partition(":assumed-role/")[2].partition("/")[0] or None
    return arn.rpartition("/")[2] if ":role/" in arn else None


def _own_role(event: Event, policy: PolicySettings) -> str | None:
    """A bare name counts only within the event's account: a role of that name elsewhere is somebody else's."""
    actor = event.actor
    for arn in filter(None, (actor.arn, actor.issuer_arn)):
        name = role_name(arn)
        at_home = actor.account is None or actor.account == event.account
        for pattern in policy.own_roles:
            if fnmatchcase(arn, pattern) or (at_home and name is not None and fnmatchcase(name, pattern)):
                return name or arn
    return None


def _acting_service(event: Event) -> str | None:
    actor = event.actor
    if event.kind is EventKind.SERVICE_ACTION:
        return actor.invoked_by or actor.name or event.event_source or "AWS"
    if event.kind is not EventKind.API_CALL:
        return None
    if actor.kind is ActorKind.SERVICE:
        return actor.name or actor.invoked_by or "an AWS service"
    if actor.invoked_by in ORCHESTRATORS:
        return actor.invoked_by
    return _service_linked_role(actor)


def _service_linked_role(actor: Actor) -> str | None:
    """IAM reserves both the path and the name prefix for roles that only an AWS service can assume."""
    for arn in filter(None, (actor.issuer_arn, actor.arn)):
        name = role_name(arn) or ""
        if "/aws-service-role/" in arn or name.startswith("AWSServiceRoleFor"):
            return name
    return None
