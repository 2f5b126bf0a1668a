"""What services report: states, jobs, alarms, findings, notices and sign-ins, in each service's own words."""

from collections.abc import Callable
from typing import Any

import pytest

from aiops_daemon.model.event import Actor, ActorKind, EventKind, Resource
from aiops_daemon.model.verdict import Verdict

Judged = Callable[..., Verdict]
DB = Resource(type="rds:db", id="main")


def report(judged: Judged, source: str, title: str, name: str = "?", kind: EventKind = EventKind.STATE_CHANGE, **facts: Any) -> str:
    more: dict[str, Any] = {"resource": DB} if source == "rds" else {}
    return judged(kind=kind, source=f"aws.{source}", detail_type=title, name=name, facts=facts, actor=Actor(), **more).classification.value


@pytest.mark.parametrize(
    ("state", "label", "action"),
    [
        ("stopped", "FAILURE", "ec2.start"),
        ("terminated", "FAILURE", "codebuild.terraform_apply"),
        ("stopping", "ANOMALY", None),
        ("shutting-down", "ANOMALY", None),
        ("RUNNING", "NORMAL", None),
        ("pending", "NORMAL", None),
    ],
)
def test_instance_states(judged: Judged, state: str, label: str, action: str | None) -> None:
    title = "EC2 Instance State-change Notification"
    verdict = judged(kind=EventKind.STATE_CHANGE, detail_type=title, name=state, facts={"state": state})
    assert (verdict.classification, verdict.action_id) == (label, action)
    assert (verdict.confidence >= 0.8) is (state != "terminated")  # who terminated it is not in the event


@pytest.mark.parametrize(
    ("categories", "message", "label"),
    [
        (["availability"], "DB instance stopped", "FAILURE"),
        (["availability"], "DB instance shutdown", "ANOMALY"),
        (["availability"], "DB instance restarted", "NORMAL"),
        (["failure"], "The DB instance has failed.", "FAILURE"),
        (["low storage"], "The free storage capacity is low", "FAILURE"),
        (["failover"], "A Multi-AZ failover has completed.", "ANOMALY"),
        (["deletion"], "DB instance deleted", "FAILURE"),
        (["backup"], "Finished DB instance backup", "NORMAL"),
        (["read replica"], "Replication has stopped with an error", "FAILURE"),
        (["notification"], "A patch is available; errors are corrected", "NORMAL"),
    ],
)
def test_rds_categories(judged: Judged, categories: list[str], message: str, label: str) -> None:
    assert report(judged, "rds", "RDS DB Instance Event", EventCategories=categories, Message=message) == label


def test_a_stopped_database_is_started_again_and_a_deleted_snapshot_is_not(judged: Judged) -> None:
    shared = {"kind": EventKind.STATE_CHANGE, "source": "aws.rds", "detail_type": "RDS DB Instance Event"}
    assert judged(**shared, name="RDS-EVENT-0087", resource=DB).action_id == "rds.start"
    gone = judged(**shared, name="RDS-EVENT-0041", resource=Resource(type="rds:snapshot", id="s"), facts={"EventCategories": ["deletion"]})
    assert gone.classification == "ANOMALY"


@pytest.mark.parametrize(
    ("facts", "label"),
    [
        ({"lastStatus": "RUNNING"}, "NORMAL"),
        ({"lastStatus": "STOPPED", "stopCode": "EssentialContainerExited", "containers": [{"exitCode": 137}]}, "FAILURE"),
        ({"lastStatus": "STOPPED", "stopCode": "EssentialContainerExited", "containers": [{"exitCode": 0}]}, "NORMAL"),
        ({"lastStatus": "STOPPED", "stopCode": "TaskFailedToStart", "stoppedReason": "CannotPullContainerError"}, "FAILURE"),
        ({"lastStatus": "STOPPED", "stopCode": "ServiceSchedulerInitiated", "stoppedReason": "Scaling activity"}, "NORMAL"),
        ({"lastStatus": "STOPPED", "stopCode": "ServiceSchedulerInitiated", "stoppedReason": "failed ELB health checks"}, "FAILURE"),
        ({"lastStatus": "STOPPED", "stopCode": "SpotInterruption"}, "ANOMALY"),
        ({"lastStatus": "STOPPED"}, "ANOMALY"),
    ],
)
def test_why_a_task_stopped(judged: Judged, facts: dict[str, Any], label: str) -> None:
    assert report(judged, "ecs", "ECS Task State Change", **facts) == label


@pytest.mark.parametrize(
    ("source", "title", "facts", "label"),
    [
        (
            "ecs",
            "ECS Service Action",
            {"eventType": "ERROR", "eventName": "SERVICE_TASK_PLACEMENT_FAILURE", "reason": "RESOURCE:CPU"},
            "FAILURE",
        ),
        ("ecs", "ECS Service Action", {"eventType": "WARN", "eventName": "SERVICE_TASK_START_IMPAIRED"}, "FAILURE"),
        ("ecs", "ECS Service Action", {"eventType": "WARN", "eventName": "SERVICE_DISCOVERY_INSTANCE_UNKNOWN"}, "ANOMALY"),
        ("ecs", "ECS Service Action", {"eventType": "INFO", "eventName": "SERVICE_STEADY_STATE"}, "NORMAL"),
        ("ecs", "ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_FAILED", "eventType": "ERROR"}, "FAILURE"),
        ("ecs", "ECS Container Instance State Change", {"agentConnected": False, "status": "ACTIVE"}, "FAILURE"),
        ("ecs", "ECS Container Instance State Change", {"agentConnected": True, "status": "ACTIVE"}, "NORMAL"),
        ("ec2", "EBS Volume Notification", {"event": "attachVolume", "result": "failed"}, "FAILURE"),
        ("ec2", "EBS Volume Notification", {"event": "deleteVolume", "result": "deleted"}, "FAILURE"),
        ("ec2", "EBS Volume Notification", {"event": "createVolume", "result": "available"}, "NORMAL"),
        ("ec2", "EBS Snapshot Notification", {"event": "createSnapshot", "result": "failed"}, "FAILURE"),
        ("ec2", "EBS Snapshot Notification", {"event": "shareSnapshot", "result": "succeeded"}, "ANOMALY"),
        ("ec2", "EC2 AMI State Change", {"State": "failed"}, "FAILURE"),
        ("ec2", "EC2 AMI State Change", {"State": "deregistered"}, "ANOMALY"),
        ("ec2", "EC2 AMI State Change", {"State": "available"}, "NORMAL"),
        ("ec2", "EC2 Spot Instance Interruption Warning", {}, "FAILURE"),
        ("ec2", "EC2 Instance Rebalance Recommendation", {}, "ANOMALY"),
        ("ec2fleet", "EC2 Fleet Error", {"sub-type": "iamFleetRoleInvalid"}, "FAILURE"),
        ("ec2fleet", "EC2 Fleet Information", {"sub-type": "launchSpecUnusable"}, "NORMAL"),
        ("autoscaling", "EC2 Instance Launch Unsuccessful", {"StatusMessage": "no capacity"}, "FAILURE"),
        ("autoscaling", "EC2 Instance Terminate Unsuccessful", {}, "ANOMALY"),
        ("autoscaling", "EC2 Instance Terminate Successful", {}, "NORMAL"),
        ("autoscaling", "EC2 Auto Scaling Instance Refresh Failed", {}, "FAILURE"),
        ("autoscaling", "EC2 Auto Scaling Instance Refresh Cancelled", {}, "ANOMALY"),
        ("codebuild", "CodeBuild Build State Change", {"build-status": "FAILED"}, "FAILURE"),
        ("codebuild", "CodeBuild Build State Change", {"build-status": "IN_PROGRESS"}, "NORMAL"),
        ("codepipeline", "CodePipeline Stage Execution State Change", {"state": "FAILED"}, "FAILURE"),
        ("states", "Step Functions Execution Status Change", {"status": "TIMED_OUT"}, "FAILURE"),
        ("states", "Step Functions Execution Status Change", {"status": "ABORTED"}, "ANOMALY"),
        ("states", "Step Functions Execution Status Change", {"status": "SUCCEEDED"}, "NORMAL"),
        ("glue", "Glue Job State Change", {"state": "TIMEOUT"}, "FAILURE"),
        ("batch", "Batch Job State Change", {"status": "FAILED"}, "FAILURE"),
        ("synthetics", "Synthetics Canary TestRun Failure", {}, "FAILURE"),
        ("synthetics", "Synthetics Canary Status Change", {"current-state": "STOPPED"}, "ANOMALY"),
        ("backup", "Backup Job State Change", {"state": "EXPIRED"}, "FAILURE"),
        ("backup", "Backup notification", {"message": "An AWS Backup job was completed successfully."}, "NORMAL"),
        ("backup", "Backup notification", {"message": "An AWS Backup job failed."}, "FAILURE"),
        ("dms", "DMS notification", {"message": "Replication task has failed."}, "FAILURE"),
        ("dms", "DMS notification", {"message": "Replication task has stopped."}, "ANOMALY"),
        ("dms", "DMS notification", {"message": "Replication task has started."}, "NORMAL"),
        ("ssm", "Parameter Store Change", {"operation": "Delete"}, "FAILURE"),
        ("ssm", "Parameter Store Change", {"operation": "Update"}, "NORMAL"),
        ("ssm", "Configuration Compliance State Change", {"compliance-status": "non_compliant"}, "ANOMALY"),
        ("ssm", "Configuration Compliance State Change", {"compliance-status": "compliant"}, "NORMAL"),
        ("ecr", "ECR Image Action", {"action-type": "DELETE", "result": "SUCCESS"}, "ANOMALY"),
        ("ecr", "ECR Image Action", {"action-type": "PUSH", "result": "SUCCESS"}, "NORMAL"),
        ("ecr", "ECR Image Action", {"action-type": "PUSH", "result": "FAILURE"}, "ANOMALY"),
        ("ecr", "ECR Image Scan", {"finding-severity-counts": {"CRITICAL": 2}}, "ANOMALY"),
        ("rbin", "Recycle Bin Rule Change Attempted", {}, "ANOMALY"),
        ("rbin", "Recycle Bin Rule Unlocking Notice", {}, "TAMPERING"),
        ("rbin", "Recycle Bin Rule Locked", {}, "NORMAL"),
        ("kms", "KMS CMK Deletion", {}, "FAILURE"),
        ("kms", "KMS CMK Rotation", {}, "NORMAL"),
        ("acm", "ACM Certificate Approaching Expiration", {}, "ANOMALY"),
        ("acm", "ACM Certificate Expired", {}, "FAILURE"),
        ("acm", "ACM Certificate Available", {}, "NORMAL"),
        ("es", "Amazon OpenSearch Service Disk Notification", {"severity": "High", "event": "disk"}, "FAILURE"),
        ("es", "Amazon OpenSearch Service Notification", {"severity": "Medium", "event": "shards"}, "ANOMALY"),
        ("es", "Amazon OpenSearch Service Software Update Notification", {"severity": "Informational"}, "NORMAL"),
        ("cloudtrail", "AWS Insight via CloudTrail", {}, "ANOMALY"),
        ("events", "Scheduled Event", {}, "NORMAL"),
        ("someday", "Thing Deprecated Notice", {}, "ANOMALY"),
        ("someday", "Thing Run Failed", {}, "FAILURE"),
        ("someday", "Thing", {}, "NORMAL"),
    ],
)
def test_reports_in_each_services_words(judged: Judged, source: str, title: str, facts: dict[str, Any], label: str) -> None:
    assert report(judged, source, title, **facts) == label


@pytest.mark.parametrize(
    ("code", "category", "status", "label"),
    [
        ("AWS_EBS_VOLUME_LOST", "issue", "open", "FAILURE"),
        ("AWS_EBS_VOLUME_LOST", "issue", "closed", "NORMAL"),
        ("AWS_RISK_CREDENTIALS_EXPOSED", "issue", "open", "TAMPERING"),
        ("AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_SCHEDULED", "scheduledChange", "upcoming", "ANOMALY"),
        ("AWS_EC2_OPERATIONAL_NOTIFICATION", "investigation", "open", "ANOMALY"),
        ("AWS_BILLING_NOTIFICATION", "accountNotification", "open", "NORMAL"),
    ],
)
def test_health_categories(judged: Judged, code: str, category: str, status: str, label: str) -> None:
    facts = {"eventTypeCode": code, "eventTypeCategory": category, "statusCode": status}
    assert report(judged, "health", "AWS Health Event", code, EventKind.NOTICE, **facts) == label


BAND = {"configuration": {"metrics": [{"expression": "ANOMALY_DETECTION_BAND(m1, 2)"}]}}


@pytest.mark.parametrize(
    ("facts", "label"),
    [
        ({"alarmName": "cpu", "state": {"value": "ALARM", "reason": "Threshold Crossed"}}, "FAILURE"),
        ({"AlarmName": "cpu", "NewStateValue": "ALARM", "NewStateReason": "Threshold Crossed"}, "FAILURE"),
        ({"alarmData": {"alarmName": "cpu", "state": {"value": "ALARM", "reason": "Threshold Crossed"}}}, "FAILURE"),
        ({"state": {"value": "OK"}}, "NORMAL"),
        ({"state": {"value": "INSUFFICIENT_DATA"}}, "NORMAL"),
        ({}, "NORMAL"),
        ({"state": {"value": "ALARM", "actionsSuppressedBy": "WaitPeriod"}}, "ANOMALY"),
        ({"state": {"value": "ALARM"}} | BAND, "ANOMALY"),
        ({"state": {"value": "ALARM", "reason": "less than the lower thresholds [0.02] or ..."}}, "ANOMALY"),
    ],
)
def test_alarms_in_three_shapes(judged: Judged, facts: dict[str, Any], label: str) -> None:
    assert report(judged, "cloudwatch", "CloudWatch Alarm State Change", "?", EventKind.ALARM, **facts) == label


def test_a_changed_alarm_definition_is_nothing(judged: Judged) -> None:
    assert (
        report(judged, "cloudwatch", "CloudWatch Alarm Configuration Change", "ALARM", EventKind.ALARM, state={"value": "ALARM"})
        == "NORMAL"
    )


def hub(**more: Any) -> dict[str, Any]:
    return {"findings": [{"Types": ["TTPs/Initial Access"], "Severity": {"Label": "HIGH"}, "RecordState": "ACTIVE"} | more]}


@pytest.mark.parametrize(
    ("source", "title", "severity", "facts", "label"),
    [
        ("guardduty", "GuardDuty Finding", 8.0, {"service": {"archived": False}}, "TAMPERING"),
        ("guardduty", "GuardDuty Finding", 2.0, {"type": "Recon"}, "ANOMALY"),
        ("guardduty", "GuardDuty Finding", 8.0, {"service": {"archived": True}}, "NORMAL"),
        ("guardduty", "GuardDuty Finding", None, {"type": "Recon"}, "ANOMALY"),
        ("guardduty", "GuardDuty Finding", None, {}, "NORMAL"),
        ("guardduty", "GuardDuty Malware Protection Object Scan Result", None, {"scanResultStatus": "THREATS_FOUND"}, "TAMPERING"),
        ("guardduty", "GuardDuty Malware Protection Object Scan Result", None, {"scanResultStatus": "NO_THREATS_FOUND"}, "NORMAL"),
        ("guardduty", "GuardDuty Malware Protection Object Scan Result", None, {"scanResultStatus": "ACCESS_DENIED"}, "ANOMALY"),
        ("securityhub", "Security Hub Findings - Imported", 8.0, hub(), "TAMPERING"),
        ("securityhub", "Security Hub Findings - Imported", 8.0, hub(Workflow={"Status": "SUPPRESSED"}), "NORMAL"),
        ("securityhub", "Security Hub Findings - Imported", 8.0, hub(Types=["Software and Configuration Checks"]), "ANOMALY"),
        ("securityhub", "Security Hub Findings - Imported", 1.0, hub(Severity={"Label": "LOW"}, Types="odd"), "ANOMALY"),
        ("securityhub", "Security Hub Findings - Imported", 1.0, hub(Compliance={"Status": "PASSED"}), "NORMAL"),
        ("inspector2", "Inspector2 Finding", 5.0, {"status": "ACTIVE"}, "ANOMALY"),
        ("inspector2", "Inspector2 Finding", 5.0, {"status": "CLOSED"}, "NORMAL"),
        ("config", "Config Rules Compliance Change", None, {"newEvaluationResult": {"complianceType": "NON_COMPLIANT"}}, "ANOMALY"),
        ("config", "Config Rules Compliance Change", None, {"newEvaluationResult": {"complianceType": "COMPLIANT"}}, "NORMAL"),
        ("access-analyzer", "Access Analyzer Finding", None, {"status": "ACTIVE", "isPublic": True}, "TAMPERING"),
        ("access-analyzer", "Access Analyzer Finding", None, {"status": "ACTIVE", "isPublic": False}, "ANOMALY"),
        ("access-analyzer", "Access Analyzer Finding", None, {"status": "RESOLVED", "isPublic": True}, "NORMAL"),
        ("access-analyzer", "Access Preview State Change", None, {"status": "CREATING"}, "NORMAL"),
        ("macie", "Macie Finding", 8.0, {"type": "Policy:IAMUser/S3BucketPublic"}, "TAMPERING"),
        ("trustedadvisor", "Trusted Advisor Check", None, {"status": "ERROR", "check-name": "Exposed Access Keys"}, "TAMPERING"),
        ("trustedadvisor", "Trusted Advisor Check", None, {"status": "WARN", "check-name": "Low Utilization"}, "ANOMALY"),
        ("trustedadvisor", "Trusted Advisor Check", None, {"status": "OK", "check-name": "Exposed Access Keys"}, "NORMAL"),
    ],
)
def test_findings(judged: Judged, source: str, title: str, severity: float | None, facts: dict[str, Any], label: str) -> None:
    verdict = judged(kind=EventKind.FINDING, source=f"aws.{source}", detail_type=title, name="type", severity=severity, facts=facts)
    assert verdict.classification == label


USER, ROOT, ROLE = (Actor(kind=kind, name="ann") for kind in (ActorKind.USER, ActorKind.ROOT, ActorKind.ROLE))


@pytest.mark.parametrize(
    ("actor", "name", "facts", "label"),
    [
        (USER, "ConsoleLogin", {"additionalEventData": {"MFAUsed": "Yes"}}, "NORMAL"),
        (USER, "ConsoleLogin", {"additionalEventData": {"MFAUsed": "No"}}, "ANOMALY"),
        (USER, "ConsoleLogin", {"responseElements": {"ConsoleLogin": "Failure"}}, "ANOMALY"),
        (USER, "ConsoleLogin", {}, "NORMAL"),
        (ROLE, "ConsoleLogin", {"additionalEventData": {"MFAUsed": "No"}}, "NORMAL"),
        (ROOT, "ConsoleLogin", {"additionalEventData": {"MFAUsed": "Yes"}}, "ANOMALY"),
        (USER, "PasswordUpdated", {}, "ANOMALY"),
    ],
)
def test_sign_ins(judged: Judged, actor: Actor, name: str, facts: dict[str, Any], label: str) -> None:
    assert judged(kind=EventKind.SIGN_IN, source="aws.signin", name=name, actor=actor, facts=facts).classification == label
