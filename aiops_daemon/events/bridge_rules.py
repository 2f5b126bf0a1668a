"""What EventBridge lets through: one pattern per kind of event that is read here, filtered as far as patterns can.

deploy/terraform/event_rules.tf says the same for real accounts; a test compares the two word for word.
"""

from typing import Any

# API calls (CloudTrail) whose name begins so are read. A call that only reads never is.
_CALLS = (
    "Abort", "Add", "ArchiveFindings", "Associate", "Attach", "Authorize", "BatchDelete", "BatchDisable", "BatchDisassociate", "Cancel",
    "Change", "Close", "Create", "Deactivate", "Deauthorize", "Delete", "Deregister", "Detach", "Disable", "Disassociate", "Disconnect",
    "Dissociate", "Drop", "Failover", "Grant", "Leave", "Modify", "Pause", "Purge", "Put", "Reboot", "RegisterDelegatedAdministrator",
    "Release", "Remove", "Replace", "Reset", "Restore", "Revoke", "Schedule", "Set", "Share", "Shutdown", "Stop", "Suspend", "Terminate",
    "TransferDomain", "Unlock", "Update", "Upload", "Withdraw",
)  # fmt: skip
# Kind of event -> EventBridge pattern.
RULES: dict[str, dict[str, Any]] = {
    "api-calls": {"detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": [{"prefix": name} for name in _CALLS]}},
    "sign-ins": {"detail-type": ["AWS Console Sign In via CloudTrail"]},
    "service-events": {"detail-type": ["AWS Service Event via CloudTrail"]},
    "ec2-instances": {
        "source": ["aws.ec2"],
        "detail-type": ["EC2 Instance State-change Notification"],
        "detail": {"state": ["stopping", "stopped", "shutting-down", "terminated"]},
    },
    "ec2-spot": {
        "source": ["aws.ec2"],
        "detail-type": ["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"],
    },
    "ec2-images": {
        "source": ["aws.ec2"],
        "detail-type": ["EC2 AMI State Change"],
        "detail": {"State": ["failed", "deregistered", "disabled"]},
    },
    "ebs": {
        "source": ["aws.ec2"],
        "detail-type": ["EBS Volume Notification", "EBS Snapshot Notification", "EBS Multi-Volume Snapshots Completion Status"],
    },
    "autoscaling": {
        "source": ["aws.autoscaling"],
        "detail-type": [
            "EC2 Instance Terminate Successful", "EC2 Instance Terminate Unsuccessful", "EC2 Instance Launch Unsuccessful",
            "EC2 Auto Scaling Instance Refresh Failed", "EC2 Auto Scaling Instance Refresh Cancelled",
        ],
    },
    "rds": {
        "source": ["aws.rds"],
        "detail": {"EventCategories": ["availability", "deletion", "failover", "failure", "low storage", "notification", "recovery"]},
    },
    "ecs-services": {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Service Action", "ECS Deployment State Change"],
        "detail": {"eventType": ["WARN", "ERROR"]},
    },
    "ecs-tasks": {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {"lastStatus": ["STOPPED"], "stopCode": [{"anything-but": ["ServiceSchedulerInitiated", "UserInitiated"]}]},
    },
    "alarms": {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {"state": {"value": ["ALARM", "OK"]}},
    },
    "guardduty": {"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"], "detail": {"severity": [{"numeric": [">=", 4]}]}},
    "securityhub": {
        "source": ["aws.securityhub"],
        "detail-type": ["Security Hub Findings - Imported"],
        "detail": {"findings": {"Severity": {"Label": ["HIGH", "CRITICAL"]}, "Workflow": {"Status": ["NEW"]}}},
    },
    "health": {
        "source": ["aws.health"],
        "detail-type": ["AWS Health Event"],
        "detail": {"eventTypeCategory": ["issue", "scheduledChange"]},
    },
    "config": {
        "source": ["aws.config"],
        "detail-type": ["Config Rules Compliance Change"],
        "detail": {"newEvaluationResult": {"complianceType": ["NON_COMPLIANT"]}},
    },
    "parameters": {"source": ["aws.ssm"], "detail-type": ["Parameter Store Change"], "detail": {"operation": ["Update", "Delete"]}},
    "cloudformation": {
        "source": ["aws.cloudformation"],
        "detail-type": ["CloudFormation Stack Status Change"],
        "detail": {"status-details": {"status": [{"suffix": "_FAILED"}, {"suffix": "ROLLBACK_COMPLETE"}]}},
    },
    "step-functions": {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"]},
    },
    "builds": {
        "source": ["aws.codebuild"],
        "detail-type": ["CodeBuild Build State Change"],
        "detail": {"build-status": ["FAILED", "FAULT", "TIMED_OUT"]},
    },
    "pipelines": {
        "source": ["aws.codepipeline"],
        "detail-type": ["CodePipeline Pipeline Execution State Change"],
        "detail": {"state": ["FAILED"]},
    },
    "jobs": {
        "source": ["aws.glue", "aws.batch"],
        "detail-type": ["Glue Job State Change", "Batch Job State Change"],
        "detail": {"$or": [{"state": ["FAILED", "TIMEOUT"]}, {"status": ["FAILED"]}]},
    },
    "deployments": {"source": ["aws.codedeploy"], "detail": {"state": ["FAILURE", "STOP"]}},
    "backups": {
        "source": ["aws.backup"],
        "detail": {"$or": [{"state": ["ABORTED", "EXPIRED", "FAILED", "PARTIAL"]}, {"status": ["ABORTED", "EXPIRED", "FAILED"]}]},
    },
    "certificates": {"source": ["aws.acm"]},
    "caches": {"source": ["aws.elasticache", "aws.dms"]},
    "secrets": {"source": ["aws.secretsmanager"]},
    "exposure": {"source": ["aws.inspector2", "aws.macie", "aws.access-analyzer"]},
    "canaries": {"source": ["aws.synthetics"], "detail-type": ["Synthetics Canary TestRun Failure"]},
}  # fmt: skip
