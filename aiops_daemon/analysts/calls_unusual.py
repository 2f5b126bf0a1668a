"""Calls that are seldom made and restore nothing when undone: interactive access, identities, spying. They are announced."""

from collections.abc import Mapping

from pydantic import JsonValue

from aiops_daemon.analysts.facts import api, words
from aiops_daemon.analysts.opinion import FAIR, anomaly, called
from aiops_daemon.model.event import Event
from aiops_daemon.model.verdict import Verdict

_UNUSUAL: dict[str, frozenset[str]] = {
    service: words(names)
    for service, names in {
        "ssm": "StartSession ResumeSession SendCommand StartAutomationExecution CreateAssociation UpdateDocument",
        "ec2": "EnableSerialConsoleAccess GetPasswordData GetConsoleScreenshot ModifySerialConsoleAccess CreateInstanceExportTask "
        "ExportImage CreateStoreImageTask CreateTrafficMirrorSession",
        "ec2-instance-connect": "SendSSHPublicKey SendSerialConsoleSSHPublicKey OpenTunnel",
        "ecs": "ExecuteCommand",
        "iam": "CreateUser CreateRole UpdateUser UpdateRole UpdateAccountPasswordPolicy CreateVirtualMFADevice UpdateAccountEmailAddress",
        "sts": "GetFederationToken GetSessionToken",
        "organizations": "InviteAccountToOrganization CreateAccount MoveAccount EnableAWSServiceAccess EnableAllFeatures "
        "AttachPolicy UpdatePolicy",
        "account": "DisableRegion EnableRegion PutAlternateContact",
        "bedrock": "PutFoundationModelEntitlement PutUseCaseForModelAccess CreateFoundationModelAgreement",
        "rds": "CreateDBSnapshot StartExportTask CopyDBSnapshot",
        "s3": "PutBucketReplication PutBucketWebsite",
        "ses": "UpdateAccountSendingEnabled VerifyEmailIdentity",
        "rolesanywhere": "CreateProfile UpdateProfile",
        "macie2": "UpdateMacieSession",
        "cloudshell": "CreateEnvironment CreateSession",
        "kms": "ReplicateKey ImportKeyMaterial",
        "route53domains": "DisableDomainTransferLock UpdateDomainNameservers",
    }.items()
}


def judge(event: Event) -> Verdict | None:
    """ANOMALY for what somebody should have a look at."""
    service, name = api(event)
    if name in _UNUSUAL.get(service, ()):
        because = f"{called(event)}: unusual access or identity work, nothing to restore."
        return anomaly(event, because, confidence=FAIR)
    return None


def reads_only(detail: Mapping[str, JsonValue]) -> bool:
    """A CloudTrail record of a call that succeeded, changed nothing and that nobody looks at twice, whoever made it: most of CloudTrail
    where no rule filters it, and dropped before anything else is read of it."""
    if detail.get("readOnly") is not True or detail.get("eventType") != "AwsApiCall" or "errorCode" in detail or "errorMessage" in detail:
        return False
    service, name = str(detail.get("eventSource", "")).partition(".")[0], str(detail.get("eventName", ""))
    return bool(name) and service not in {"", "signin"} and name not in _UNUSUAL.get(service, ())
