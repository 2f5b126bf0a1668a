"""The generic reader over the APIs of many services, in the forms in which CloudTrail writes their parameters."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aiops_daemon.events import recognize
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import UNKNOWN, ActorKind, Event, EventKind, Parked

Call = Callable[..., tuple[Event, ...]]
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
ME = "eu-west-1:111122223333"


def keys(events: tuple[Event, ...]) -> list[str]:
    return [event.resource.key for event in events]


@pytest.mark.parametrize(
    ("service", "name", "request_", "answer", "want"),
    [
        # wrapped in <Call>Request, with {"content": ...} lists: the newer half of EC2
        ("ec2", "ModifyInstanceMetadataOptions", {"ModifyInstanceMetadataOptionsRequest": {"InstanceId": "i-1"}}, None, ["ec2:instance#i-1"]),
        ("ec2", "DeleteVpcEndpoints", {"DeleteVpcEndpointsRequest": {"VpcEndpointId": {"tag": 1, "content": "vpce-1"}}}, None,
         ["ec2:vpc-endpoint#vpce-1"]),
        ("ec2", "CreateTags", {"resourcesSet": {"items": [{"resourceId": "vol-1"}, {"resourceId": "new-1"}]}}, None,
         ["ec2:volume#vol-1", "ec2:resource#new-1"]),
        # what a creating call made stands in its answer, beside other ids
        ("ec2", "CreateSubnet", {"vpcId": "vpc-1"}, {"subnet": {"subnetId": "subnet-1", "vpcId": "vpc-1"}}, ["ec2:subnet#subnet-1"]),
        ("ec2", "CreateSecurityGroup", {"groupName": "n", "vpcId": "vpc-1"}, {"groupId": "sg-1"}, ["ec2:security-group#sg-1"]),
        ("ec2", "CreateImage", {"instanceId": "i-1"}, {"imageId": "ami-1"}, ["ec2:image#ami-1", "ec2:instance#i-1"]),
        ("ec2", "CopySnapshot", {"sourceSnapshotId": "snap-0"}, {"snapshotId": "snap-1"}, ["ec2:snapshot#snap-1"]),
        ("ec2", "CreateSubnet", {"vpcId": "vpc-1"}, None, [f"ec2:subnet#{UNKNOWN}"]),
        # a group that a rule mentions is not the group that is changed
        ("ec2", "AuthorizeSecurityGroupIngress", {"groupId": "sg-1", "ipPermissions": {"items": [{"groups": {"items": [{"groupId": "sg-9"}]}}]}},
         None, ["ec2:security-group#sg-1"]),
        ("iam", "AddUserToGroup", {"userName": "u", "groupName": "g"}, None, ["iam:user#u"]),
        ("iam", "PutGroupPolicy", {"groupName": "g", "policyName": "p"}, None, ["iam:group#g"]),
        ("iam", "ListRoles", {}, None, [f"iam:role#{UNKNOWN}"]),
        ("rds", "CreateDBSnapshot", {"dBInstanceIdentifier": "d", "dBSnapshotIdentifier": "s"}, None, ["rds:snapshot#s"]),
        ("rds", "RestoreDBInstanceFromDBSnapshot", {"dBInstanceIdentifier": "new", "dBSnapshotIdentifier": "s"}, None, ["rds:db#new"]),
        ("sts", "AssumeRoleWithSAML", {"roleArn": "arn:aws:iam::111122223333:role/r", "principalArn": "arn:aws:iam::111122223333:saml-provider/x"},
         None, ["iam:role#r"]),
        ("ecs", "ExecuteCommand", {"cluster": "c", "task": "t1"}, None, ["ecs:task#t1"]),
        ("eks", "DeleteNodegroup", {"name": "c", "nodegroupName": "n"}, None, ["eks:nodegroup#n"]),
        ("autoscaling", "TerminateInstanceInAutoScalingGroup", {"instanceId": "i-1"}, None, ["ec2:instance#i-1"]),
        ("monitoring", "DeleteAlarms", {"alarmNames": ["a", "b"]}, None, ["cloudwatch:alarm#a", "cloudwatch:alarm#b"]),
        ("glue", "DeleteDatabase", {"name": "sales"}, None, ["glue:database#sales"]),
        ("wafv2", "UpdateIPSet", {"name": "ips", "id": "u"}, None, ["wafv2:ip-set#ips"]),
        ("config", "PutConfigurationRecorder", {"configurationRecorder": {"name": "default"}}, None, ["config:configuration-recorder#default"]),
        ("route53", "CreateHostedZone", {"name": "x.example"}, {"hostedZone": {"id": "/hostedzone/Z1"}, "changeInfo": {"id": "/change/1"}},
         ["route53:hosted-zone#/hostedzone/Z1"]),
        ("dynamodb", "DeleteBackup", {"backupArn": f"arn:aws:dynamodb:{ME}:table/t/backup/1"}, None,
         [f"dynamodb:backup#arn:aws:dynamodb:{ME}:table/t/backup/1"]),
        ("sns", "CreateTopic", {"name": "t"}, {"topicArn": f"arn:aws:sns:{ME}:t"}, [f"sns:topic#arn:aws:sns:{ME}:t"]),
        ("account", "EnableRegion", {"regionName": "af-south-1"}, None, [f"account#{UNKNOWN}"]),
        ("kms", "Decrypt", {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}, None, [f"kms:key#{UNKNOWN}"]),
        # services that no table knows
        ("workspaces", "TerminateWorkspaces", {"terminateWorkspaceRequests": [{"workspaceId": "ws-1"}]}, None, ["workspaces:workspace#ws-1"]),
        ("route53domains", "RegisterDomain", {"domainName": "x.example"}, {"operationId": "o"}, ["route53domains:domain#x.example"]),
        ("newservice", "CreateThing", {"label": "l"}, {"thingId": "t-1", "requestId": "r"}, ["newservice:thing#t-1"]),
        ("newservice", "CreateThing", {"label": "l"}, {"widgetId": "w-1"}, ["newservice:widget#w-1"]),
        ("newservice", "DeleteThing", {"clientRequestToken": "x", "kmsKeyId": "k"}, None, [f"newservice:thing#{UNKNOWN}"]),
    ],
)  # fmt: skip
def test_the_target_of_a_call(call: Call, service: str, name: str, request_: Any, answer: Any, want: list[str]) -> None:
    assert keys(call(service, name, request_, answer)) == want


def test_the_places_are_asked_in_order(call: Call) -> None:
    arn = f"arn:aws:rds:{ME}:db:orders"
    assert keys(call("rds", "AddTagsToResource", resources=[{"ARN": arn}])) == ["rds:db#orders"]
    assert keys(call("ec2", "SharedSnapshotVolumeCreated", serviceEventDetails={"snapshotId": "snap-1"})) == ["ec2:snapshot#snap-1"]
    secret = f"arn:aws:secretsmanager:{ME}:secret:s-1a2b3c"
    assert keys(call("secretsmanager", "EndSecretVersionDelete", additionalEventData={"SecretId": secret})) == [
        f"secretsmanager:secret#{secret}"
    ]


@pytest.mark.parametrize("place", ["*", "arn:aws:s3:::other", "<resource>", "arn:aws:ec2"])
def test_a_message_that_names_nothing_usable_gives_no_id(call: Call, place: str) -> None:
    said = f"User: x is not authorized to perform: ec2:StopInstances on resource: {place}"
    assert keys(call("ec2", "StopInstances", errorCode="AccessDenied", errorMessage=said)) == [f"ec2:instance#{UNKNOWN}"]


@pytest.mark.parametrize("identifier", ["i-1\u202e", "i-\x00", "i-\ud800", "...", "***", " ", "i" * 2049, "HIDDEN_DUE_TO_SECURITY_REASONS"])
def test_what_cannot_be_an_id_is_none(call: Call, identifier: str) -> None:
    assert keys(call("ec2", "StopInstances", {"instanceId": identifier})) == [f"ec2:instance#{UNKNOWN}"]


def test_an_error_without_a_code_is_still_a_failed_call(call: Call) -> None:
    assert call("ec2", "StopInstances", errorMessage="no")[0].error_code == "Failed"


def test_a_sign_in_is_about_its_user(call: Call) -> None:
    who = {"type": "IAMUser", "userName": "jo", "arn": "arn:aws:iam::111122223333:user/jo"}
    (event,) = call("signin", "ConsoleLogin", eventType="AwsConsoleSignIn", userIdentity=who, errorMessage="Failed authentication")
    assert (event.kind, event.resource.key, event.error_code) == (EventKind.SIGN_IN, "iam:user#jo", None)
    (root,) = call("signin", "ConsoleLogin", eventType="AwsConsoleSignIn", userIdentity={"type": "Root"})
    assert (root.actor.kind, root.resource.key) == (ActorKind.ROOT, f"iam:user#{UNKNOWN}")


def test_the_actor_behind_a_role_session(call: Call) -> None:
    who = {
        "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/jo", "accountId": "111122223333",
        "invokedBy": "autoscaling.amazonaws.com",
        "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/deploy"}, "attributes": {"mfaAuthenticated": "true"}},
    }  # fmt: skip
    actor = call("ec2", "StopInstances", userIdentity=who, sourceIPAddress="198.51.100.7", userAgent="x\u202ey")[0].actor
    assert (actor.kind, actor.name, actor.issuer_arn) == (ActorKind.ROLE, "jo", "arn:aws:iam::111122223333:role/deploy")
    assert (actor.invoked_by, actor.mfa, actor.source_ip) == ("autoscaling.amazonaws.com", True, "198.51.100.7")
    assert actor.user_agent == "x y"


def test_read_only_and_facts_are_taken_over(call: Call) -> None:
    (event,) = call("ec2", "DescribeInstances", {"filterSet": {}}, readOnly=True)
    assert event.read_only is True
    assert event.facts["requestParameters"] == {"filterSet": {}}


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ({"eventName": [], "eventSource": "ec2.amazonaws.com"}, "CloudTrail record without eventName"),
        ({"eventName": "X", "eventSource": "\u202e../.amazonaws.com"}, "CloudTrail record without a usable eventSource"),
    ],
)
def test_a_record_without_its_names_is_a_reason(detail: dict[str, Any], reason: str) -> None:
    found = recognize(Envelope("e", "aws.ec2", "AWS API Call via CloudTrail", "111122223333", "eu-west-1", NOW, NOW, detail=detail))
    assert found == Parked(reason=reason)
