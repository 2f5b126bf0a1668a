"""Calls that switch off or weaken a protection or a source of evidence."""

import re
from collections.abc import Callable

from pydantic import JsonValue

from aiops_daemon.analysts.facts import api, flag, is_zero, pairs, parameters, values, words
from aiops_daemon.analysts.opinion import CERTAIN, FAIR, STRONG, anomaly, called, tampering
from aiops_daemon.model.event import Event
from aiops_daemon.model.verdict import Verdict

Parameters = dict[str, JsonValue]

# The call itself is the weakening, whatever its parameters.
_SWITCHED_OFF: dict[str, frozenset[str]] = {
    service: words(names)
    for service, names in {
        "cloudtrail": "StopLogging DeleteTrail DeleteEventDataStore StopEventDataStoreIngestion DeleteChannel DeleteResourcePolicy "
        "DeregisterOrganizationDelegatedAdmin",
        "config": "StopConfigurationRecorder DeleteConfigurationRecorder DeleteDeliveryChannel DeleteConfigRule DeleteConformancePack "
        "DeleteOrganizationConfigRule DeleteOrganizationConformancePack DeleteRetentionConfiguration DeleteRemediationConfiguration "
        "DeleteConfigurationAggregator DeleteEvaluationResults",
        "guardduty": "DeleteDetector DeleteMembers DisassociateMembers StopMonitoringMembers DisassociateFromMasterAccount "
        "DisassociateFromAdministratorAccount DeletePublishingDestination DeleteThreatIntelSet DisableOrganizationAdminAccount "
        "ArchiveFindings DeleteInvitations DeleteMalwareProtectionPlan",
        "securityhub": "DisableSecurityHub BatchDisableStandards DisableImportFindingsForProduct DisassociateMembers DeleteMembers "
        "DisassociateFromMasterAccount DisassociateFromAdministratorAccount DisableOrganizationAdminAccount DeleteActionTarget",
        "macie2": "DisableMacie DisassociateMember DeleteMember DisableOrganizationAdminAccount DisassociateFromAdministratorAccount",
        "inspector2": "Disable DisassociateMember DisableDelegatedAdminAccount",
        "access-analyzer": "DeleteAnalyzer",
        "detective": "DeleteGraph DeleteMembers DisassociateMembership",
        "securitylake": "DeleteDataLake DeleteAwsLogSource DeleteCustomLogSource",
        "ec2": "DeleteFlowLogs DisableEbsEncryptionByDefault DisableImageBlockPublicAccess DisableSnapshotBlockPublicAccess "
        "DeleteNetworkAclEntry",
        "logs": "DeleteLogGroup DeleteLogStream DeleteSubscriptionFilter DeleteMetricFilter DeleteDestination DisassociateKmsKey "
        "DeleteDataProtectionPolicy DeleteAccountPolicy",
        "monitoring": "DeleteAlarms DisableAlarmActions DeleteAnomalyDetector DisableInsightRules DeleteMetricStream StopMetricStreams",
        "events": "DeleteRule DisableRule RemoveTargets DeleteArchive",
        "s3": "DeleteBucketEncryption DeletePublicAccessBlock DeleteBucketPublicAccessBlock DeleteAccountPublicAccessBlock "
        "DeleteBucketReplication DeleteBucketOwnershipControls",
        "wafv2": "DeleteWebACL DisassociateWebACL DeleteLoggingConfiguration DeleteRuleGroup DeleteIPSet DeleteFirewallManagerRuleGroups "
        "DeleteRegexPatternSet",
        "waf": "DeleteWebACL DeleteRule DeleteRuleGroup DeleteLoggingConfiguration DeleteIPSet",
        "waf-regional": "DeleteWebACL DisassociateWebACL DeleteRule DeleteRuleGroup DeleteLoggingConfiguration DeleteIPSet",
        "shield": "DeleteProtection DeleteProtectionGroup DeleteSubscription DisableProactiveEngagement DisassociateDRTRole",
        "network-firewall": "DeleteFirewall DeleteFirewallPolicy DeleteRuleGroup DisassociateSubnets",
        "fms": "DeletePolicy DisassociateAdminAccount",
        "route53resolver": "DeleteResolverQueryLogConfig DisassociateResolverQueryLogConfig DeleteFirewallRule DeleteFirewallRuleGroup "
        "DisassociateFirewallRuleGroup",
        "route53": "DeleteQueryLoggingConfig DisableHostedZoneDNSSEC DeactivateKeySigningKey DeleteKeySigningKey",
        "iam": "DeactivateMFADevice DeleteVirtualMFADevice DeleteAccountPasswordPolicy DeleteRolePermissionsBoundary "
        "DeleteUserPermissionsBoundary",
        "organizations": "LeaveOrganization DeletePolicy DetachPolicy DisablePolicyType RemoveAccountFromOrganization "
        "DisableAWSServiceAccess DeregisterDelegatedAdministrator DeleteOrganization",
        "kms": "DisableKeyRotation",
        "backup": "DeleteBackupPlan DeleteBackupSelection DeleteBackupVaultLockConfiguration DeleteBackupVaultAccessPolicy "
        "DeleteBackupVaultNotifications DisassociateRecoveryPoint",
        "dlm": "DeleteLifecyclePolicy",
        "rbin": "DeleteRule UnlockRule",
        "lambda": "DeleteFunctionCodeSigningConfig DeleteCodeSigningConfig",
        "bedrock": "DeleteGuardrail DeleteModelInvocationLoggingConfiguration",
        "ssm": "DeleteResourceDataSync",
        "rds": "StopActivityStream",
        "ecr": "DeleteRegistryPolicy",
        "redshift": "DisableLogging DisableSnapshotCopy",
        "secretsmanager": "CancelRotateSecret",
        "glue": "DeleteSecurityConfiguration",
        "iot": "DeleteSecurityProfile DeleteAccountAuditConfiguration",
        "auditmanager": "DeregisterAccount DeleteAssessment",
        "elasticloadbalancing": "DisassociateWebACL",
    }.items()
}


def _event_selectors(p: Parameters) -> bool:
    """A trail that no longer records all management events, or none at all."""
    if "advancedEventSelectors" in p and not p["advancedEventSelectors"]:
        return True
    kinds = [v for v in values(p, "readWriteType") if isinstance(v, str)]
    management = flag(p, "includeManagementEvents")
    excluded = [v for v in values(p, "excludeManagementEventSources") if v]
    return management is False or bool(excluded) or any(kind.lower() != "all" for kind in kinds)


def _trail(p: Parameters) -> bool:
    weaker = ("isMultiRegionTrail", "includeGlobalServiceEvents", "enableLogFileValidation", "isOrganizationTrail")
    cut = any(flag(p, name) is False for name in weaker)
    moved = any(True for _ in values(p, "s3BucketName", "kmsKeyId", "cloudWatchLogsLogGroupArn", "snsTopicName"))
    return cut or moved or len(p) <= 1  # a bare name: the change is not shown


def _expires_soon(p: Parameters) -> bool:
    """A lifecycle rule that throws everything away within a week."""
    expirations = [v for v in values(p, "Expiration", "NoncurrentVersionExpiration") if isinstance(v, dict)]
    days = [d for e in expirations for d in values(e, "Days", "NoncurrentDays")]
    return any(isinstance(d, int | float | str) and str(d).isdigit() and int(d) <= 7 for d in days)


def _weak_passwords(p: Parameters) -> bool:
    kinds = _off("requireSymbols", "requireNumbers", "requireUppercaseCharacters", "requireLowercaseCharacters")
    return kinds(p) or any(isinstance(v, int) and v < 8 for v in values(p, "minimumPasswordLength"))


def _mfa_off(p: Parameters) -> bool:
    return "OFF" in values(p, "mfaConfiguration")


def _bucket_logging_off(p: Parameters) -> bool:
    return not any(True for _ in values(p, "LoggingEnabled", "TargetBucket"))


def _versioning_off(p: Parameters) -> bool:
    return "Suspended" in values(p, "Status") or "Disabled" in values(p, "MfaDelete")


def _user_data(p: Parameters) -> bool:
    return any(True for _ in values(p, "userData")) or flag(p, "disableApiTermination") is False or flag(p, "disableApiStop") is False


def _short_retention(p: Parameters) -> bool:
    return any(isinstance(v, int) and v <= 7 for v in values(p, "retentionInDays"))


def _attributes_off(p: Parameters) -> bool:
    """ELB: {"key": "deletion_protection.enabled", "value": "false"}."""
    return any(
        isinstance(v, dict)
        and str(v.get("value")).lower() == "false"
        and str(v.get("key")).endswith(".enabled")
        and _protective(str(v["key"]))
        for v in [p, *(item for _, listed in pairs(p) if isinstance(listed, list) for item in listed)]
    )


def _protective(key: str) -> bool:
    return key.startswith(("deletion_protection", "access_logs", "connection_logs", "waf"))


def _off(*names: str) -> Callable[[Parameters], bool]:
    """Weakened where one of these flags is false."""
    return lambda p: any(flag(p, name) is False for name in names)


def _says(*words: str) -> Callable[[Parameters], bool]:
    """Weakened where some value is one of these words."""
    lowered = {w.lower() for w in words}
    return lambda p: any(isinstance(v, str) and v.lower() in lowered for _, v in pairs(p))


# The parameters tell whether this is a weakening: call -> (test, what it means, how sure).
_WEAKENED: dict[tuple[str, str], tuple[Callable[[Parameters], bool], str, float]] = {
    ("cloudtrail", "PutEventSelectors"): (_event_selectors, "the trail no longer records every management event", CERTAIN),
    ("cloudtrail", "PutInsightSelectors"): (lambda p: not p.get("insightSelectors"), "the trail's insights are off", STRONG),
    ("cloudtrail", "UpdateTrail"): (_trail, "the trail was changed: where its records go, or what it covers", STRONG),
    ("config", "PutConfigurationRecorder"): (_off("allSupported", "includeGlobalResourceTypes"), "fewer resources are recorded", STRONG),
    ("guardduty", "UpdateDetector"): (_off("enable", "autoEnable"), "threat detection is off or reduced", CERTAIN),
    ("guardduty", "UpdateMemberDetectors"): (_says("DISABLED"), "threat detection of members is off or reduced", STRONG),
    ("guardduty", "UpdateOrganizationConfiguration"): (_off("autoEnable"), "new members are not watched", STRONG),
    ("elasticfilesystem", "PutBackupPolicy"): (_says("DISABLED"), "automatic backups are off", STRONG),
    ("route53resolver", "UpdateFirewallConfig"): (_says("ENABLED"), "names are looked up unfiltered where the firewall fails", FAIR),
    ("dlm", "UpdateLifecyclePolicy"): (_says("DISABLED"), "snapshots are no longer made", STRONG),
    ("guardduty", "CreateFilter"): (_says("ARCHIVE"), "findings are archived unseen", STRONG),
    ("guardduty", "CreateIPSet"): (lambda _: True, "a list of addresses that are trusted or reported was made", FAIR),
    ("guardduty", "UpdateIPSet"): (lambda _: True, "the list of addresses that are trusted or reported was changed", FAIR),
    ("securityhub", "UpdateStandardsControl"): (_says("DISABLED"), "a security control is off", STRONG),
    ("securityhub", "BatchUpdateFindings"): (_says("SUPPRESSED"), "findings are suppressed", FAIR),
    ("macie2", "UpdateMacieSession"): (_says("PAUSED"), "data discovery is paused", STRONG),
    ("s3", "PutBucketLifecycle"): (_expires_soon, "a lifecycle rule expires the objects within days", STRONG),
    ("s3", "PutBucketLifecycleConfiguration"): (_expires_soon, "a lifecycle rule expires the objects within days", STRONG),
    ("s3", "PutBucketLogging"): (_bucket_logging_off, "access logging is off", STRONG),
    ("s3", "PutBucketVersioning"): (_versioning_off, "versioning is suspended", STRONG),
    ("ec2", "ModifyInstanceAttribute"): (_user_data, "its start-up script or its protection against termination was changed", STRONG),
    ("ec2", "ModifyInstanceMetadataOptions"): (_says("optional"), "instance credentials are open to request forgery (IMDSv1)", STRONG),
    ("logs", "PutRetentionPolicy"): (_short_retention, "logs are kept for days only", STRONG),
    ("rds", "ModifyDBInstance"): (_off("deletionProtection"), "protection against deletion is off", FAIR),
    ("rds", "ModifyDBCluster"): (_off("deletionProtection"), "protection against deletion is off", FAIR),
    ("dynamodb", "UpdateTable"): (_off("deletionProtectionEnabled"), "protection against deletion is off", FAIR),
    ("dynamodb", "UpdateContinuousBackups"): (_off("pointInTimeRecoveryEnabled"), "point-in-time recovery is off", STRONG),
    ("ecr", "PutImageScanningConfiguration"): (_off("scanOnPush"), "images are no longer scanned", STRONG),
    ("elasticloadbalancing", "ModifyLoadBalancerAttributes"): (_attributes_off, "a protection or its log is off", STRONG),
    ("cognito-idp", "SetUserPoolMfaConfig"): (_says("OFF"), "sign-in no longer needs a second factor", STRONG),
    ("cognito-idp", "UpdateUserPool"): (_mfa_off, "sign-in no longer needs a second factor", STRONG),
    ("eks", "UpdateClusterConfig"): (_off("enabled"), "control-plane logs are off", STRONG),
    ("kms", "UpdateKeyRotation"): (_off("enabled"), "key rotation is off", FAIR),
    ("shield", "UpdateSubscription"): (_says("DISABLED"), "protection will lapse", FAIR),
    ("network-firewall", "UpdateLoggingConfiguration"): (lambda p: not any(values(p, "logDestinationConfigs")), "its log is off", STRONG),
    ("network-firewall", "UpdateFirewallDeleteProtection"): (_off("deleteProtection"), "protection against deletion is off", STRONG),
    ("events", "PutRule"): (_says("DISABLED"), "the rule no longer fires", STRONG),
    ("ec2", "ModifyEbsDefaultKmsKeyId"): (lambda _: True, "new volumes are encrypted with another key", FAIR),
    ("iam", "UpdateAccountPasswordPolicy"): (_weak_passwords, "weaker passwords are accepted", FAIR),
    ("iot", "SetV2LoggingOptions"): (lambda p: flag(p, "disableAllLogs") is True or "DISABLED" in values(p, "defaultLogLevel"),
        "its logs are off", STRONG),
}  # fmt: skip
# Any service's call that changes a thing: these parameters protect it wherever they stand.
_CHANGES = re.compile(r"^(?:Update|Modify|Put|Set|Change|Configure)[A-Z]")
_GUARD = re.compile(
    r"(?:(?:deletion|termination|delete|change|overwrite)protect(?:ion|ed)(?:enabled|check)?|loggingpreference|terminationprotected|pointintimerecoveryenabled"
    r"|logfilevalidationenabled|enforcehttps|requiremfa|blockpublicsecuritygrouprules)$",
    re.IGNORECASE,
)
_KEPT = re.compile(r"\w*(?:backup|snapshot)retention(?:period|limit|days|indays)?", re.IGNORECASE)  # zero: none are made
# Any service's call that takes away what protects, proves or restores.
_UNPROTECTS = re.compile(
    r"^(?:Delete|Disable|Stop|Remove|Cancel|Abort)\w*(?:Encryption|Logging|LoggingConfiguration|Protection|Rotation|Audit\w*|VaultLock|AutoRenew|LogConfig"
    r"|Guardrail|PermissionsBoundary|PublicAccessBlock|BackupPolicy|SecurityMonitoring|LogDelivery|FlowLogs?|Versioning|MFA\w*)$"
)


def judge(event: Event) -> Verdict | None:
    """TAMPERING where a protection or an audit source got weaker."""
    service, name = api(event)
    if name in _SWITCHED_OFF.get(service, ()):
        because = f"{called(event)}: a protection or a source of evidence is gone."
        return tampering(event, because, confidence=CERTAIN, severity=9)
    if _UNPROTECTS.match(name):
        because = f"{called(event)}: what protects or proves was taken away."
        return tampering(event, because, confidence=FAIR)
    rule = _WEAKENED.get((service, name))
    if rule is None:
        return _unguarded(event, name)
    test, meaning, confidence = rule
    if test(parameters(event)):
        return tampering(event, f"{called(event)}: {meaning}.", confidence=confidence)
    if service in {"rds", "dynamodb", "eks", "cognito-idp", "elasticfilesystem"} or name in {"PutRule", "PutBucketVersioning"}:
        return _unguarded(event, name)  # everyday calls: this change is another one
    return anomaly(event, f"{called(event)}: a security setting changed, no weakening is shown.")


def _is_off(key: str, value: JsonValue) -> bool:
    return flag({key: value}, key) is False or (isinstance(value, str) and value.upper() in {"DISABLED", "OFF"})


def _unguarded(event: Event, name: str) -> Verdict | None:
    """What protects a thing from being lost was taken off it, or it is backed up no more."""
    given = parameters(event)
    if not _CHANGES.match(name):
        return None
    off = next((key for key, value in pairs(given) if _GUARD.search(key) and _is_off(key, value)), None)
    if off is None and any(is_zero(value) for key, value in pairs(given) if _KEPT.fullmatch(key)):
        off = "automatic backups"
    if off is None:
        return None
    return tampering(event, f"{called(event)}: {off} is off.", confidence=FAIR)
