"""Calls that stop, pause or switch off something that should work, or scale it to nothing; and those that only interrupt it."""

import re
from collections.abc import Iterator

from pydantic import JsonValue

from aiops_daemon.analysts.facts import api, flag, is_zero, parameters, values, words
from aiops_daemon.analysts.opinion import CERTAIN, FAIR, REPLACE, STRONG, actor, anomaly, called, failure, named, subject
from aiops_daemon.analysts.things import Thing, thing_of
from aiops_daemon.model.event import Event
from aiops_daemon.model.verdict import Verdict

# Calls outside the verb table: what they do, the action that takes it back, how sure.
_STOPPED: dict[tuple[str, str], tuple[str, str | None, float]] = {
    ("ec2", "StopInstances"): ("stopped", "ec2.start", STRONG),
    ("rds", "StopDBInstance"): ("stopped", "rds.start", STRONG),
    ("rds", "StopDBCluster"): ("stopped", "rds.start", STRONG),
    ("kms", "DisableKey"): ("disabled: what it encrypts cannot be read", None, STRONG),
    ("kms", "ScheduleKeyDeletion"): ("scheduled for deletion: what it encrypts will be lost", None, CERTAIN),
    ("kms", "DeleteImportedKeyMaterial"): ("emptied of its key material: what it encrypts cannot be read", None, CERTAIN),
    ("kms", "DeleteCustomKeyStore"): ("deleted: its keys cannot be used", None, CERTAIN),
    ("kms", "DisconnectCustomKeyStore"): ("disconnected: its keys cannot be used", None, STRONG),
    ("cloudhsm", "DeleteCluster"): ("deleted", None, CERTAIN),
    ("cloudhsm", "DeleteHsm"): ("deleted", None, STRONG),
    ("ec2", "DisassociateAddress"): ("cut off from its public address", None, FAIR),
    ("ec2", "DetachVolume"): ("detached from its instance", None, FAIR),
    ("ec2", "DetachInternetGateway"): ("detached: the network loses its way out", None, STRONG),
    ("ec2", "DetachVpnGateway"): ("detached: the private link is cut", None, STRONG),
    ("ec2", "DetachNetworkInterface"): ("detached from its instance", None, FAIR),
    ("ec2", "DisassociateRouteTable"): ("taken away from its subnet", None, FAIR),
    ("ec2", "DeregisterImage"): ("deregistered: launches from it fail", None, FAIR),
    ("acm", "DeleteCertificate"): ("deleted", None, STRONG),
    ("ecs", "DeregisterContainerInstance"): ("taken out of its cluster", None, FAIR),
    ("redshift", "PauseCluster"): ("paused", None, FAIR),
    ("kinesisanalytics", "StopApplication"): ("stopped", None, FAIR),
    ("workspaces", "StopWorkspaces"): ("stopped", None, FAIR),
    ("sagemaker", "StopNotebookInstance"): ("stopped", None, FAIR),
    ("dms", "StopReplicationTask"): ("stopped", None, FAIR),
    ("glue", "StopTrigger"): ("stopped", None, FAIR),
    ("autoscaling", "SuspendProcesses"): ("no longer repairs itself: processes suspended", None, FAIR),
    ("lambda", "DeleteFunctionConcurrency"): ("lost its reserved concurrency", None, FAIR),
    ("apigateway", "DeleteBasePathMapping"): ("lost its path", None, FAIR),
    ("cloudfront", "DeleteDistribution"): ("deleted", REPLACE, STRONG),
    ("ec2", "CancelSpotFleetRequests"): ("cancelled, with the capacity that it held", None, FAIR),
    ("ec2", "CancelCapacityReservation"): ("cancelled: its capacity is no longer kept", None, FAIR),
    ("ec2", "DisassociateIamInstanceProfile"): ("stripped of its role: what runs there has no permissions", None, FAIR),
    ("route53", "DisassociateVPCFromHostedZone"): ("taken away from a network, which no longer finds its names", None, FAIR),
    ("route53domains", "TransferDomainToAnotherAwsAccount"): ("handed to another account", None, STRONG),
    ("organizations", "CloseAccount"): ("closed", None, STRONG),
    ("eks", "DeleteCluster"): ("deleted", REPLACE, CERTAIN),
}
# Short outages by request that end by themselves.
_PASSING = words(
    """
    RebootInstances RebootDBInstance RebootDBCluster FailoverDBCluster FailoverGlobalCluster RebootCacheCluster
    RebootCluster TestFailover RebootBroker RebootNode RebootReplicationInstance RebootWorkspaces StopTask StopBuild
    StopExecution StopPipelineExecution StopDeployment CancelJob TerminateJob BatchStopJobRun StopCanary
    CancelKeyMaterialImport SwitchoverDBCluster
    """
)
# Work that is started again when it is wanted: ending one run of it breaks nothing that should stand.
_RUNS = re.compile(
    r"(?:Job|Run|Execution|Query|Build|Task|Session|Deployment|Crawler|Ingestion|Recommendation|Scan|Export|Import|Stream|Processor|Contact|Experiment|Command|Replay)s?$"
)
_HALTED = re.compile(r"^(?:Stop|Shutdown|Pause|Suspend|Halt|Hibernate|Disable)(?P<thing>[A-Z].*)$")
_PARTED = re.compile(r"^(?:Batch)?(?:Dis?associate|Detach|Deauthorize|Withdraw|Deactivate)(?P<thing>[A-Z].*)$")
_FROM = re.compile(r"(?<=[a-z])(?:From|For|To|With|On|In|Of|By)(?=[A-Z])")
_CHANGES = re.compile(r"^(?:Update|Modify|Put|Set|Change|Register|Configure)(?P<thing>[A-Z].*)$")
# Counts that mean "nothing of it runs" at zero, in any service.
_COUNTS = (
    "desiredCount", "desiredCapacity", "desiredSize", "maxCapacity", "reservedConcurrentExecutions", "maximumConcurrency",
    "targetCapacity", "totalTargetCapacity",
)  # fmt: skip
_COUNTED = {"UpdateAutoScalingGroup": ("desiredCapacity", "maxSize")}
# Calls where one of these flags, put to false, takes something out of work.
_NEEDED = {
    ("ec2", "ModifyVpcAttribute"): ("enableDnsSupport",),
    ("ses", "PutAccountSendingAttributes"): ("sendingEnabled",),
    ("ses", "UpdateAccountSendingEnabled"): ("enabled",),
}
_OFF = frozenset({"DISABLED", "INACTIVE", "SUSPENDED", "STOPPED", "PAUSED", "OFF"})


def judge(event: Event) -> Verdict | None:
    """FAILURE where the call stopped something, ANOMALY where it only interrupted it."""
    service, name = api(event)
    if name in _PASSING:
        return anomaly(event, f"{called(event)}: a short outage by request that ends by itself.")
    stopped = _STOPPED.get((service, name))
    if stopped:
        what, action, confidence = stopped
        because = f"{subject(event)} was {what} by {actor(event)} ({name})."
        return named(event, failure(event, because, confidence=confidence, severity=8, action=action, downtime=5))
    return (
        _halted(event, name)
        or _scaled_to_nothing(event, name)
        or _switched_off(event, service, name)
        or _unrouted(event, name)
        or _parted(event, name)
    )


def _halted(event: Event, name: str) -> Verdict | None:
    """Stop..., Pause...: of a thing that should work it is an outage, of one run of something it is everyday work."""
    match = _HALTED.match(name)
    if not match:
        return None
    found = thing_of(match["thing"])
    if _RUNS.search(match["thing"]):
        return None
    if found is None or found[0] is Thing.OTHER:
        return anomaly(event, f"{called(event)}: something was ended early, by request.", confidence=FAIR)
    return named(event, failure(event, f"{subject(event)} was stopped by {actor(event)} ({name}).", confidence=FAIR, severity=7))


def _parted(event: Event, name: str) -> Verdict | None:
    """Disassociate..., Deauthorize...: a working thing or a piece of a network that was cut off; of the rest it is announced."""
    match = _PARTED.match(name)
    if not match:
        return None
    found = thing_of(_FROM.split(match["thing"])[0])
    if found is None or found[0] is Thing.OTHER or match["thing"] == "Instances":  # they come and go in a group
        return anomaly(event, f"{called(event)}: what belonged together was parted, by request.", confidence=FAIR)
    return failure(event, f"{subject(event)} was cut off by {actor(event)} ({name}).", confidence=FAIR, severity=6)


def _scaled_to_nothing(event: Event, name: str) -> Verdict | None:
    """A count set to zero stops the work as well as a stop call does; only an operator knows whether it was meant."""
    if not _CHANGES.match(name) or not any(is_zero(v) for v in values(parameters(event), *_COUNTED.get(name, _COUNTS))):
        return None
    action = "ecs.redeploy" if name == "UpdateService" else None
    return failure(event, f"{actor(event)} set {subject(event)} to zero ({name}): nothing of it runs.", confidence=FAIR, action=action)


def _switched_off(event: Event, service: str, name: str) -> Verdict | None:
    """state=DISABLED or enabled=false on the thing itself: what is deeper is a part of it. Keys and users that are put out of use
    are access taken away, and rules.py has its own tables for what protects."""
    if any(flag(parameters(event), needed) is False for needed in _NEEDED.get((service, name), ())):
        return failure(event, f"{subject(event)} was switched off by {actor(event)} ({name}).", confidence=FAIR, severity=7)
    match = _CHANGES.match(name)
    if service == "iam" or match is None or thing_of(match["thing"]) is None:
        return None
    own = {key.lower(): value for key, value in _outer(parameters(event))}
    keys = ("state", "status", "desiredstate", match["thing"].lower())  # routingControlState of UpdateRoutingControlState
    state = next((value for key in keys if (value := own.get(key)) is not None), None)
    off = own.get("enabled") is False or own.get("sendingenabled") is False or own.get("disabled") is True
    if off or (isinstance(state, str) and state.upper() in _OFF):
        return failure(event, f"{subject(event)} was switched off by {actor(event)} ({name}).", confidence=FAIR, severity=6)
    return None


def _outer(tree: dict[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    """The parameters on the first level, and those of the one configuration that they hold (distributionConfig)."""
    yield from tree.items()
    for key, value in tree.items():
        if key.endswith("Config") and isinstance(value, dict):
            yield from value.items()


def _unrouted(event: Event, name: str) -> Verdict | None:
    """A DNS record that is deleted and not made again in the same change: what it named is not found any more."""
    if name != "ChangeResourceRecordSets":
        return None
    kept, gone = set[str](), set[str]()
    for change in _changes(event):
        (gone if str(change.get("action")).upper() == "DELETE" else kept).add(_record_name(change))
    if not gone - kept:
        return None
    which = ", ".join(sorted(gone - kept))[:200]
    return failure(event, f"{actor(event)} deleted DNS records of {subject(event)}: {which}.", confidence=FAIR, severity=7)


def _changes(event: Event) -> Iterator[dict[str, JsonValue]]:
    for listed in values(parameters(event), "changes"):
        yield from (item for item in (listed if isinstance(listed, list) else []) if isinstance(item, dict))


def _record_name(change: dict[str, JsonValue]) -> str:
    return next((v for v in values(change, "name") if isinstance(v, str)), "")
