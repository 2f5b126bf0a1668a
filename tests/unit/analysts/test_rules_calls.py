"""The tables of API calls, by what the call does."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from aiops_daemon.analysts.policy_document import Reach, reach_of
from aiops_daemon.model.event import Resource
from aiops_daemon.model.verdict import Verdict

Called = Callable[..., Verdict]
HOME, OTHER = "111122223333", "999988887777"


@pytest.mark.parametrize(
    ("service", "name", "action"),
    [
        ("ec2", "TerminateInstances", "codebuild.terraform_apply"),
        ("rds", "StopDBCluster", "rds.start"),
        ("rds", "DeleteDBCluster", None),
        ("lambda", "DeleteFunction20150331", "codebuild.terraform_apply"),
        ("cloudfront", "DeleteDistribution2020_05_31", "codebuild.terraform_apply"),
        ("sqs", "PurgeQueue", None),
        ("ec2", "DeleteNatGateway", "codebuild.terraform_apply"),
        ("kms", "ScheduleKeyDeletion", None),
        ("iam", "DeleteRole", "codebuild.terraform_apply"),
        ("s3", "DeleteObjects", None),
    ],
)
def test_destruction_is_a_failure_and_data_is_never_recreated_blindly(called: Called, service: str, name: str, action: str | None) -> None:
    verdict = called(service, name)
    assert (verdict.classification, verdict.action_id) == ("FAILURE", action)
    assert verdict.confidence >= 0.8


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("iam", "DeleteAccessKey"),
        ("iam", "DetachUserPolicy"),
        ("s3", "DeleteBucketPolicy"),
        ("elasticloadbalancing", "DeregisterTargets"),
        ("dynamodb", "DeleteItem"),
        ("rds", "RebootDBInstance"),
        ("ssm", "StartSession"),
        ("iam", "CreateUser"),
        ("lambda", "UpdateFunctionCode20150331v2"),
    ],
)
def test_what_removes_access_or_passes_by_itself_is_not_restored(called: Called, service: str, name: str) -> None:
    assert called(service, name).classification in {"ANOMALY", "NORMAL"}
    assert called(service, name).action_id is None


def test_nothing_named_is_nothing_to_restore_but_a_redacted_name_is(called: Called) -> None:
    unnamed = Resource(type="ec2:instance")
    assert called("ec2", "TerminateInstances", {"instancesSet": {"items": []}}, resource=unnamed).classification == "ANOMALY"
    assert called("ec2", "DeleteVpc", {"vpcId": "..."}, resource=unnamed).classification == "FAILURE"


def test_what_happens_all_day_is_not_announced_and_a_rare_read_is(called: Called) -> None:
    for service, name in (("sqs", "DeleteMessage"), ("ec2", "DeleteTags"), ("s3", "DeleteObject"), ("ssm", "TerminateSession")):
        assert (called(service, name).classification, called(service, name).noteworthy) == ("NORMAL", False)
    assert called("ec2", "GetPasswordData", read_only=True).classification == "ANOMALY"
    assert called("guardduty", "CreateIPSet").classification == "TAMPERING"


@pytest.mark.parametrize(
    ("name", "parameters", "action"),
    [
        ("UpdateService", {"desiredCount": 0}, "ecs.redeploy"),
        ("UpdateAutoScalingGroup", {"maxSize": 0}, None),
        ("PutFunctionConcurrency20171031", {"reservedConcurrentExecutions": 0}, None),
    ],
)
def test_a_count_of_zero_stops_the_work_and_a_person_knows_whether_it_was_meant(
    called: Called, name: str, parameters: dict[str, Any], action: str | None
) -> None:
    verdict = called("ecs", name, parameters)
    assert (verdict.classification, verdict.confidence, verdict.action_id) == ("FAILURE", 0.7, action)
    assert called("ecs", name, dict.fromkeys(parameters, 2)).classification == "NORMAL"


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("cloudtrail", "StopLogging"),
        ("guardduty", "DeleteDetector"),
        ("config", "StopConfigurationRecorder"),
        ("ec2", "DeleteFlowLogs"),
        ("iam", "DeactivateMFADevice"),
        ("events", "DisableRule"),
        ("logs", "DeleteLogGroup"),
        ("wafv2", "DisassociateWebACL"),
        ("organizations", "LeaveOrganization"),
    ],
)
def test_switching_off_a_protection_is_tampering(called: Called, service: str, name: str) -> None:
    verdict = called(service, name)
    assert (verdict.classification, verdict.confidence, verdict.ceiling) == ("TAMPERING", 0.95, "approve")


LIFECYCLE = {"LifecycleConfiguration": {"Rule": {"Status": "Enabled", "Expiration": {"Days": 1}}}}
SELECTORS = {"eventSelectors": [{"readWriteType": "All", "includeManagementEvents": True, "excludeManagementEventSources": []}]}


@pytest.mark.parametrize(
    ("service", "name", "weaker", "same", "label"),
    [
        ("cloudtrail", "PutEventSelectors", {"eventSelectors": [{"readWriteType": "WriteOnly"}]}, SELECTORS, "ANOMALY"),
        ("cloudtrail", "PutEventSelectors", {"advancedEventSelectors": []}, {"advancedEventSelectors": [{"name": "all"}]}, "ANOMALY"),
        ("cloudtrail", "UpdateTrail", {"name": "t", "isMultiRegionTrail": False}, {"name": "t", "isMultiRegionTrail": True}, "ANOMALY"),
        ("cloudtrail", "UpdateTrail", {"name": "t", "s3BucketName": "b"}, {"name": "t", "enableLogFileValidation": True}, "ANOMALY"),
        ("guardduty", "UpdateDetector", {"enable": False}, {"enable": True}, "ANOMALY"),
        ("s3", "PutBucketLifecycle", LIFECYCLE, {"Rule": {"Expiration": {"Days": 365}}}, "ANOMALY"),
        ("s3", "PutBucketLogging", {"BucketLoggingStatus": {}}, {"LoggingEnabled": {"TargetBucket": "logs"}}, "ANOMALY"),
        ("s3", "PutBucketVersioning", {"Status": "Suspended"}, {"Status": "Enabled"}, "NORMAL"),
        ("ec2", "ModifyInstanceAttribute", {"userData": "x"}, {"instanceType": "t3.micro"}, "ANOMALY"),
        ("ec2", "ModifyInstanceAttribute", {"disableApiTermination": {"value": False}}, {"ebsOptimized": True}, "ANOMALY"),
        ("ec2", "ModifyInstanceMetadataOptions", {"httpTokens": "optional"}, {"httpTokens": "required"}, "ANOMALY"),
        ("logs", "PutRetentionPolicy", {"retentionInDays": 1}, {"retentionInDays": 365}, "ANOMALY"),
        ("rds", "ModifyDBInstance", {"deletionProtection": False}, {"deletionProtection": True}, "NORMAL"),
        ("rds", "ModifyDBInstance", {"publiclyAccessible": "true"}, {"publiclyAccessible": False}, "NORMAL"),
        (
            "elasticloadbalancing",
            "ModifyLoadBalancerAttributes",
            {"attributes": [{"key": "deletion_protection.enabled", "value": "false"}]},
            {"attributes": [{"key": "idle_timeout.timeout_seconds", "value": "60"}]},
            "ANOMALY",
        ),
        ("network-firewall", "UpdateLoggingConfiguration", {"loggingConfiguration": {}}, {"logDestinationConfigs": [{"a": 1}]}, "ANOMALY"),
        ("securityhub", "UpdateStandardsControl", {"controlStatus": "DISABLED"}, {"controlStatus": "ENABLED"}, "ANOMALY"),
    ],
)
def test_the_parameters_tell_a_weakening_from_a_change(
    called: Called, service: str, name: str, weaker: dict[str, Any], same: dict[str, Any], label: str
) -> None:
    assert called(service, name, weaker).classification == "TAMPERING"
    assert called(service, name, same).classification == label


INGRESS = {"ipPermissions": {"items": [{"ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}}]}}
GRANT = {"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}


@pytest.mark.parametrize(
    ("service", "name", "shared", "kept"),
    [
        ("ec2", "AuthorizeSecurityGroupIngress", {"cidrIp": "203.0.113.9/0"}, INGRESS),
        ("ec2", "AuthorizeSecurityGroupIngress", {"items": [{"cidrIpv6": "::/0"}]}, {"cidrIp": "nonsense"}),
        ("ec2", "ModifySnapshotAttribute", {"createVolumePermission": {"add": {"items": [{"group": "all"}]}}}, {"remove": {"items": []}}),
        (
            "ec2",
            "ModifyImageAttribute",
            {"launchPermission": {"add": {"items": [{"userId": OTHER}]}}},
            {"add": {"items": [{"userId": HOME}]}},
        ),
        ("rds", "ModifyDBSnapshotAttribute", {"valuesToAdd": [OTHER]}, {"valuesToRemove": ["all"]}),
        ("s3", "PutBucketAcl", {"AccessControlPolicy": {"AccessControlList": {"Grant": [GRANT]}}}, {"x-amz-acl": ["private"]}),
        ("s3", "PutBucketAcl", {"x-amz-acl": ["public-read"]}, {"acl": [""]}),
        ("s3", "PutBucketPublicAccessBlock", {"BlockPublicAcls": False}, {"BlockPublicAcls": True}),
        ("lambda", "AddPermission20150331v2", {"principal": "*"}, {"principal": "events.amazonaws.com"}),
        ("lambda", "AddPermission20150331v2", {"principal": OTHER}, {"principal": f"arn:aws:iam::{HOME}:root"}),
        ("lambda", "CreateFunctionUrlConfig", {"authType": "NONE"}, {"authType": "AWS_IAM"}),
        ("ram", "CreateResourceShare", {"principals": [OTHER]}, {"principals": [HOME]}),
        (
            "eks",
            "UpdateClusterConfig",
            {"resourcesVpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]}},
            {"x": "y"},
        ),
    ],
)
def test_sharing_with_strangers_is_tampering(called: Called, service: str, name: str, shared: dict[str, Any], kept: dict[str, Any]) -> None:
    assert called(service, name, shared).classification == "TAMPERING"
    assert called(service, name, kept).classification in {"NORMAL", "ANOMALY"}


def policy(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "s3:*"} | more]}


@pytest.mark.parametrize(
    ("document", "reach"),
    [
        (policy("*"), Reach.WORLD),
        (policy({"AWS": ["*"]}), Reach.WORLD),
        (policy("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), Reach.CLOSED),
        (policy("*", Condition={"IpAddress": {"aws:SourceIp": ["0.0.0.0/0"]}}), Reach.WORLD),
        (policy("*", Condition={"Bool": {"aws:SecureTransport": "true"}}), Reach.WORLD),
        (policy({"AWS": f"arn:aws:iam::{OTHER}:root"}), Reach.OTHER_ACCOUNT),
        (policy({"AWS": f"arn:aws:iam::{HOME}:root"}), Reach.CLOSED),
        (policy({"AWS": OTHER}), Reach.OTHER_ACCOUNT),
        (policy({"Service": "cloudtrail.amazonaws.com"}), Reach.CLOSED),
        (policy("*", Effect="Deny"), Reach.CLOSED),
        ({"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": HOME}}}, Reach.WORLD),
        ({"Statement": "odd"}, Reach.CLOSED),
        ('{"Statement": cut short', None),
        ({"no": "policy"}, None),
    ],
)
def test_who_a_policy_document_lets_in(document: Any, reach: Reach | None) -> None:
    assert reach_of({"policy": document}, HOME) is reach
    if isinstance(document, dict):
        assert reach_of({"attributes": {"Policy": json.dumps(document)}}, HOME) is reach


def test_a_resource_policy_is_read_for_any_service(called: Called) -> None:
    assert called("sqs", "SetQueueAttributes", {"attributes": {"Policy": json.dumps(policy("*"))}}).classification == "TAMPERING"
    assert called("glue", "PutResourcePolicy", {"policyInJson": json.dumps(policy({"AWS": OTHER}))}).confidence == 0.7
    closed = called("sns", "SetTopicAttributes", {"attributeValue": json.dumps(policy({"Service": "s3.amazonaws.com"}))})
    assert (closed.classification, "opens nothing" in closed.reasoning) == ("ANOMALY", True)
    assert called("sns", "SetTopicAttributes", {"attributeName": "DisplayName"}).classification == "NORMAL"


def test_standing_access_asks_a_person_and_administrator_rights_more_loudly(called: Called) -> None:
    plain = called("iam", "AttachRolePolicy", {"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})
    admin = called("iam", "AttachRolePolicy", {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})
    assert (plain.classification, plain.confidence, plain.severity) == ("TAMPERING", 0.7, 7)
    assert (admin.classification, admin.confidence, admin.severity) == ("TAMPERING", 0.85, 9)
    assert called("iam", "UpdateAssumeRolePolicy", {"policyDocument": json.dumps(policy("*"))}).classification == "TAMPERING"
