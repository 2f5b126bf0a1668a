"""Services whose messages are one row each: where the id stands, and what happened."""

from aiops_daemon.events.rows import Row
from aiops_daemon.model.event import EventKind

_STATE, _NOTICE = EventKind.STATE_CHANGE, EventKind.NOTICE

SSM = (
    Row("Instance Association", _STATE, "ec2:instance", ("instance-id",), ("status",)),
    Row("Association", _STATE, "ssm:association", ("association-id",), ("status",), bare=True),
    Row("OpsItem", _NOTICE, "ssm:ops-item", ("ops-item-id",), ("status",), bare=True),
    Row("Automation", _STATE, "ssm:automation-execution", ("ExecutionId",), ("Status",), bare=True),
    Row("Compliance State", _NOTICE, "ec2:instance", ("resource-id",), ("compliance-status",), arns=False),
    Row("Maintenance Window", _NOTICE, "ssm:maintenance-window", ("window-id",), ("status",), arns=False),
    Row("Parameter Store", _NOTICE, "ssm:parameter", ("name", "parameter-name"), ("operation", "policy-type"), arns=False, bare=True),
    Row("Command|Run Command", _STATE, "ec2:instance", ("instance-id",), ("status",)),
    Row("", _NOTICE, "ssm:parameter", ("name",), ("status",)),
)
S3 = (
    Row("S3 Notification", _NOTICE, "s3:bucket", ("Records.s3.bucket.name",), ("Records.eventName",), arns=False, bare=True),
    Row("", _NOTICE, "s3:bucket", ("bucket.name",), (), arns=False, bare=True),
)
BACKUP = (Row("", _STATE, "backup:job", ("resourceArn", "createdResourceArn", "arns", "resourceId"), ("state", "status"), first=True),)
CODEBUILD = (Row("", _STATE, "codebuild:project", ("project-name",), ("build-status", "completed-phase-status"), arns=False, bare=True),)
CODEPIPELINE = (Row("", _STATE, "codepipeline:pipeline", ("pipeline",), ("state",), arns=False, bare=True),)
CODEDEPLOY = (Row("", _STATE, "codedeploy:deployment", ("deploymentId",), ("state",), arns=False, bare=True),)
CODECOMMIT = (Row("", _NOTICE, "codecommit:repository", ("repositoryName", "repositoryNames"), ("event",), arns=False, bare=True),)
STATES = (Row("", _STATE, "states:execution", ("executionArn",), ("status",), bare=True),)
BATCH = (
    Row("Queue Blocked", _NOTICE, "batch:job-queue", ("jobQueue", "jobQueueArn"), ("statusReason",), bare=True),
    Row("", _STATE, "batch:job", ("jobId",), ("status",), arns=False, bare=True),
)
GLUE = (
    Row("Crawler", _STATE, "glue:crawler", ("crawlerName",), ("state",), arns=False, bare=True),
    Row("Data Catalog Table", _NOTICE, "glue:table", ("tableName", "changedTables"), ("typeOfChange",), arns=False, bare=True),
    Row("Data Catalog Database", _NOTICE, "glue:database", ("databaseName", "changedDatabases"), ("typeOfChange",), arns=False, bare=True),
    Row("", _STATE, "glue:job", ("jobName",), ("state",), arns=False, bare=True),
)
ECR = (
    Row(
        "",
        _NOTICE,
        "ecr:repository",
        ("repository-name", "repositories.repository-name"),
        ("action-type", "scan-status"),
        arns=False,
        bare=True,
    ),
)
ACM = (Row("", _NOTICE, "acm:certificate", (), ("Action",)),)
CLOUDFORMATION = (Row("", _STATE, "cloudformation:stack", ("stack-id",), ("status-details.status", "status"), bare=True),)
SYNTHETICS = (Row("", _STATE, "synthetics:canary", ("canary-name",), ("current-state", "test-run-status"), arns=False, bare=True),)
ELASTICACHE = (Row("", _STATE, "elasticache:cluster", ("cacheClusterId",), ("message",)),)
DMS = (
    Row("Replication Instance", _STATE, "dms:replication-instance", ("SourceId", "Source ID"), ("eventId", "detailMessage", "Event ID")),
    Row("", _STATE, "dms:replication-task", ("SourceId", "Source ID", "SourceIdentifier"), ("eventId", "Event ID", "eventType")),
)
SECRETSMANAGER = (Row("", _NOTICE, "secretsmanager:secret", ("SecretId",), ("Step",), bare=True),)
SCHEDULES = (Row("", _NOTICE, "events:rule", (), ()),)
TAGS = (Row("", _NOTICE, "unknown", (), ()),)
OPENSEARCH = (Row("", _NOTICE, "opensearch:domain", (), ("event",)),)
RESOLVER = (
    Row(
        "DNS Firewall",
        _NOTICE,
        "route53resolver:firewall-rule-group",
        ("resources.instance-details.id", "resources.resolver-endpoint-details.id", "firewall-rule-group-id"),
        (),
        arns=False,
    ),
)
AIDEVOPS = (Row("", _NOTICE, "aidevops:task", ("metadata.task_id",), (), arns=False, bare=True),)
SCALABLE_TARGETS = (Row("", _STATE, "application-autoscaling:scalable-target", ("resourceId",), ("statusCode",), arns=False, bare=True),)
