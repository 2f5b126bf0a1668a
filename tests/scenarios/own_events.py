"""Our own judged events, beside the open corpus: what services do whose names stand in no table of ours.

One row: service, call, request, the resource (type#id), the label. They are what two sets of some 600 events, written from knowledge of
AWS before the tables were read, taught that was general.
"""

from typing import Any

Row = tuple[str, str, dict[str, Any], str, str]
ARN = "arn:aws:{}:eu-west-1:111122223333:{}".format

CALLS: tuple[Row, ...] = (
    # something is destroyed, whatever it is called
    ("eks", "DeleteAddon", {"name": "k2", "addonName": "coredns"}, "eks:addon#coredns", "FAILURE"),
    ("apigateway", "DeleteStage", {"restApiId": "a1", "stageName": "prod"}, "apigateway:stage#prod", "FAILURE"),
    ("batch", "DeleteComputeEnvironment", {"computeEnvironment": "ce"}, "batch:compute-environment#ce", "FAILURE"),
    ("glue", "DeleteTable", {"databaseName": "lake", "name": "orders"}, "glue:table#orders", "FAILURE"),
    ("elasticmapreduce", "TerminateJobFlows", {"jobFlowIds": ["j-1A"]}, "emr:cluster#j-1A", "FAILURE"),
    ("amplify", "DeleteApp", {"appId": "d1"}, "amplify:app#d1", "FAILURE"),
    ("ds", "DeleteDirectory", {"directoryId": "d-90"}, "ds:directory#d-90", "FAILURE"),
    ("lightsail", "DeleteRelationalDatabase", {"relationalDatabaseName": "l"}, "lightsail:relational-database#l", "FAILURE"),
    ("neptune-graph", "DeleteGraph", {"graphIdentifier": "g-1"}, "neptune-graph:graph#g-1", "FAILURE"),
    ("cassandra", "DropKeyspace", {"keyspaceName": "ks"}, "cassandra:keyspace#ks", "FAILURE"),
    ("acm-pca", "DeleteCertificateAuthority", {"certificateAuthorityArn": ARN("acm-pca", "certificate-authority/1")},
        "acm-pca:certificate-authority#" + ARN("acm-pca", "certificate-authority/1"), "FAILURE"),
    ("ec2", "ReleaseHosts", {"ReleaseHostsRequest": {"HostId": {"tag": 1, "content": "h-01"}}}, "ec2:dedicated-host#h-01", "FAILURE"),
    ("ssm", "DeregisterManagedInstance", {"instanceId": "mi-01"}, "ssm:managed-instance#mi-01", "FAILURE"),
    ("organizations", "CloseAccount", {"accountId": "999988887777"}, "organizations:account#999988887777", "FAILURE"),
    ("route53", "ChangeResourceRecordSets", {"hostedZoneId": "Z1", "changeBatch": {"changes": [
        {"action": "DELETE", "resourceRecordSet": {"name": "www.example.com."}}]}}, "route53:hosted-zone#Z1", "FAILURE"),
    # ... or stopped, switched off, scaled to nothing
    ("transfer", "StopServer", {"serverId": "s-01"}, "transfer:server#s-01", "FAILURE"),
    ("lightsail", "StopInstance", {"instanceName": "blog"}, "lightsail:instance#blog", "FAILURE"),
    ("iot", "DisableTopicRule", {"ruleName": "r"}, "iot:rule#r", "FAILURE"),
    ("batch", "UpdateJobQueue", {"jobQueue": "jq", "state": "DISABLED"}, "batch:job-queue#jq", "FAILURE"),
    ("cloudfront", "UpdateDistribution", {"id": "E9", "distributionConfig": {"enabled": False, "logging": {"enabled": True}}},
        "cloudfront:distribution#E9", "FAILURE"),
    ("ec2", "ModifyFleet", {"ModifyFleetRequest": {"FleetId": "fleet-9", "TargetCapacitySpecification": {"TotalTargetCapacity": 0}}},
        "ec2:fleet#fleet-9", "FAILURE"),
    ("eks", "UpdateNodegroupConfig", {"clusterName": "k", "nodegroupName": "ng", "scalingConfig": {"desiredSize": 0}},
        "eks:nodegroup#ng", "FAILURE"),
    ("ec2", "ModifyVpcAttribute", {"vpcId": "vpc-9", "enableDnsSupport": {"value": False}}, "ec2:vpc#vpc-9", "FAILURE"),
    # only a run of it, only what hangs on it, only another setting
    ("glue", "StopCrawler", {"name": "cr"}, "glue:crawler#cr", "ANOMALY"),
    ("sagemaker", "StopTrainingJob", {"trainingJobName": "tj"}, "sagemaker:training-job#tj", "ANOMALY"),
    ("codepipeline", "DisableStageTransition", {"pipelineName": "p", "stageName": "s"}, "codepipeline:pipeline#p", "ANOMALY"),
    ("iam", "RemoveUserFromGroup", {"userName": "bob", "groupName": "ops"}, "iam:user#bob", "ANOMALY"),
    ("iam", "DeletePolicyVersion", {"policyArn": ARN("iam", "policy/p")}, "iam:policy#p", "ANOMALY"),
    ("cloudfront", "UpdateDistribution", {"id": "E9", "distributionConfig": {"enabled": True, "logging": {"enabled": False}}},
        "cloudfront:distribution#E9", "NORMAL"),
    ("route53", "ChangeResourceRecordSets", {"hostedZoneId": "Z1", "changeBatch": {"changes": [
        {"action": "DELETE", "resourceRecordSet": {"name": "a."}}, {"action": "CREATE", "resourceRecordSet": {"name": "a."}}]}},
        "route53:hosted-zone#Z1", "NORMAL"),
    ("kms", "RevokeGrant", {"keyId": "9-k", "grantId": "g"}, "kms:key#9-k", "NORMAL"),
    ("elasticloadbalancing", "SetSecurityGroups", {"loadBalancerArn": ARN("elasticloadbalancing", "loadbalancer/app/w/1"),
        "securityGroups": ["sg-9"]}, "elasticloadbalancing:loadbalancer#" + ARN("elasticloadbalancing", "loadbalancer/app/w/1"), "NORMAL"),
    # what protects, proves or restores
    ("elasticmapreduce", "SetTerminationProtection", {"jobFlowIds": ["j-1A"], "terminationProtected": False},
        "emr:cluster#j-1A", "TAMPERING"),
    ("cloudformation", "UpdateTerminationProtection", {"stackName": "n", "enableTerminationProtection": False},
        "cloudformation:stack#n", "TAMPERING"),
    ("rds", "ModifyDBCluster", {"dBClusterIdentifier": "c", "backupRetentionPeriod": 0}, "rds:cluster#c", "TAMPERING"),
    ("elasticache", "ModifyReplicationGroup", {"replicationGroupId": "r", "snapshotRetentionLimit": 0},
        "elasticache:replication-group#r", "TAMPERING"),
    ("kinesis", "StopStreamEncryption", {"streamName": "clk", "keyId": "k"}, "kinesis:stream#clk", "TAMPERING"),
    ("elasticfilesystem", "PutBackupPolicy", {"fileSystemId": "fs-9", "backupPolicy": {"status": "DISABLED"}},
        "efs:file-system#fs-9", "TAMPERING"),
    ("guardduty", "UpdateMemberDetectors", {"detectorId": "9d", "features": [{"name": "S3_DATA_EVENTS", "status": "DISABLED"}]},
        "guardduty:detector#9d", "TAMPERING"),
    ("iam", "UpdateAccountPasswordPolicy", {"minimumPasswordLength": 6}, "account#unknown", "TAMPERING"),
    ("cognito-idp", "UpdateUserPool", {"userPoolId": "p", "mfaConfiguration": "OFF"}, "cognito-idp:user-pool#p", "TAMPERING"),
    ("secretsmanager", "CancelRotateSecret", {"secretId": "s"}, "secretsmanager:secret#s", "TAMPERING"),
    # who may reach it
    ("redshift", "ModifyCluster", {"clusterIdentifier": "d", "publiclyAccessible": True}, "redshift:cluster#d", "TAMPERING"),
    ("sqs", "AddPermission", {"queueUrl": "https://q", "aWSAccountIds": ["999988887777"]}, "sqs:queue#https://q", "TAMPERING"),
    ("s3", "PutBucketReplication", {"bucketName": "b", "ReplicationConfiguration": {"Rule": {"Destination": {"Account": "999988887777"}}}},
        "s3:bucket#b", "TAMPERING"),
    ("codebuild", "UpdateProjectVisibility", {"projectArn": ARN("codebuild", "project/w"), "projectVisibility": "PUBLIC_READ"},
        "codebuild:project#" + ARN("codebuild", "project/w"), "TAMPERING"),
    ("lakeformation", "GrantPermissions", {"permissions": ["ALL"]}, "lakeformation:permissions#unknown", "TAMPERING"),
    ("iot", "AttachPolicy", {"policyName": "All", "target": ARN("iot", "cert/a")}, "iot:policy#All", "TAMPERING"),
)  # fmt: skip

# source, title, detail, ARNs, resource, label
REPORTS: tuple[tuple[str, str, dict[str, Any], tuple[str, ...], str, str], ...] = (
    ("batch", "Batch Job Queue Blocked", {"jobQueue": ARN("batch", "job-queue/q"), "statusReason": "MISCONFIGURATION:X"}, (),
        "batch:job-queue#" + ARN("batch", "job-queue/q"), "FAILURE"),
    ("glue", "Glue Data Catalog Table State Change", {"databaseName": "l", "tableName": "t", "typeOfChange": "UpdateTable"}, (),
        "glue:table#t", "NORMAL"),
    ("elasticbeanstalk", "Health status change", {"EnvironmentName": "e", "Severity": "WARN",
        "Message": "Environment health has transitioned from Ok to Severe."}, (), "elasticbeanstalk:environment#e", "FAILURE"),
    ("dms", "DMS Replication Instance State Change", {"category": "Low Storage", "detailMessage": "little left"}, (ARN("dms", "rep:A"),),
        "dms:rep#" + ARN("dms", "rep:A"), "FAILURE"),
    ("sagemaker", "SageMaker Model Package State Change", {"ModelPackageStatus": "Failed"}, (ARN("sagemaker", "model-package/m/1"),),
        "sagemaker:model-package#" + ARN("sagemaker", "model-package/m/1"), "FAILURE"),
    ("route53-recovery-readiness", "Readiness check status change", {"new-state": {"check-state": "NOT_READY"}},
        (ARN("route53-recovery-readiness", "readiness-check/r"),),
        "route53-recovery-readiness:readiness-check#" + ARN("route53-recovery-readiness", "readiness-check/r"), "FAILURE"),
    ("networkmanager", "Network Manager Status Update", {"changeType": "VPN-CONNECTION-IPSEC-DOWN"},
        (ARN("networkmanager", "global-network/g"),),
        "networkmanager:global-network#" + ARN("networkmanager", "global-network/g"), "FAILURE"),
    ("application-autoscaling", "Application Auto Scaling Scaling Activity State Change", {"resourceId": "table/O", "statusCode": "Failed"},
        (), "application-autoscaling:scalable-target#table/O", "FAILURE"),
    ("transcribe", "Transcribe Job State Change", {"TranscriptionJobName": "t1", "TranscriptionJobStatus": "COMPLETED"}, (),
        "transcribe:transcriptionjob#t1", "NORMAL"),
    ("ssm", "Parameter Store Policy Action", {"parameter-name": "/a", "policy-type": "Expiration"}, (), "ssm:parameter#/a", "NORMAL"),
    ("ssm", "EC2 State Manager Instance Association State Change", {"instance-id": "i-0a", "status": "Success"}, (),
        "ec2:instance#i-0a", "NORMAL"),
    ("macie", "Macie Finding", {"type": "Policy:IAMUser/S3BucketReplicatedExternally", "resourcesAffected": {"s3Bucket": {"name": "data"}}},
        (), "s3:bucket#data", "TAMPERING"),
    ("securityhub", "Findings Imported V2", {"findings": [{"resources": [{"uid": ARN("rds", "db:p")}]}]}, (), "rds:db#p", "ANOMALY"),
    ("inspector2", "Inspector2 Scan", {"scan-status": "INITIAL_SCAN_COMPLETE", "repository-name": ARN("ecr", "repository/web"),
        "finding-severity-counts": {"HIGH": 0}}, (), "ecr:repository#web", "NORMAL"),
    ("config", "Config Rules Compliance Change", {"resourceType": "AWS::ElasticLoadBalancingV2::LoadBalancer", "resourceId": "w",
        "newEvaluationResult": {"complianceType": "NON_COMPLIANT"}}, (), "elasticloadbalancing:loadbalancer#w", "ANOMALY"),
    ("health", "AWS Health Event", {"service": "RDS", "eventTypeCategory": "issue", "eventTypeCode": "AWS_RDS_OPERATIONAL_ISSUE"}, (),
        "unknown#unknown", "ANOMALY"),
    ("cloudwatch", "CloudWatch Alarm State Change", {"alarmName": "a", "state": {"value": "ALARM"}, "configuration": {"metrics": [
        {"metricStat": {"metric": {"namespace": "AWS/NATGateway", "dimensions": {"NatGatewayId": "nat-7"}}}}]}}, (),
        "ec2:nat-gateway#nat-7", "FAILURE"),
)  # fmt: skip
