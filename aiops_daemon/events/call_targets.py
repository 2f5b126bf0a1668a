"""Which parameter of a call names its target, and what kind of thing that is.

Per service: parameter name (lower case) -> thing, in order of preference. A parameter whose noun stands in the call's name wins over the
order: AttachVolume is about its volumeId, AttachRolePolicy about its roleName.
"""

import re

# A parameter that may name the target of any service's call, where no row says more.
GENERIC = re.compile(r"^(?P<noun>[a-z0-9]+?)(?:id|ids|name|names|arn|arns|identifier|identifiers|key)$")

TARGETS: dict[str, dict[str, str]] = {
    "ec2": {
        "volumeid": "volume", "snapshotid": "snapshot", "groupid": "security-group", "networkaclid": "network-acl",
        "natgatewayid": "nat-gateway", "routetableid": "route-table", "allocationid": "elastic-ip", "flowlogid": "flow-log",
        "flowlogids": "flow-log", "subnetid": "subnet", "vpcid": "vpc", "internetgatewayid": "internet-gateway", "imageid": "image",
        "instanceid": "instance", "instanceids": "instance", "networkinterfaceid": "network-interface", "vpcendpointid": "vpc-endpoint",
        "vpcpeeringconnectionid": "vpc-peering", "transitgatewayid": "transit-gateway", "launchtemplateid": "launch-template",
        "keypairid": "key-pair", "keyname": "key-pair", "vpnconnectionid": "vpn-connection", "dhcpoptionsid": "dhcp-options",
        "spotfleetrequestid": "spot-fleet-request", "fleetid": "fleet", "capacityreservationid": "capacity-reservation",
        "trafficmirrorsessionid": "traffic-mirror-session", "hostid": "dedicated-host", "resourceid": "resource",
        "serviceid": "vpc-endpoint-service",
    },
    "s3": {"bucketname": "bucket", "bucket": "bucket", "jobid": "batch-job", "name": "access-point"},
    "iam": {
        "rolename": "role", "username": "user", "groupname": "group", "samlproviderarn": "saml-provider", "policyarn": "policy",
        "instanceprofilename": "instance-profile", "openidconnectproviderarn": "oidc-provider", "policyname": "policy",
        "serialnumber": "mfa-device",
    },
    "sts": {"rolearn": "iam:role"},
    "kms": {"keyid": "key", "customkeystoreid": "custom-key-store", "targetkeyid": "key", "aliasname": "alias"},
    "cloudtrail": {"trailname": "trail", "name": "trail", "trailarn": "trail", "eventdatastore": "event-data-store"},
    "config": {
        "configurationrecordername": "recorder", "deliverychannelname": "delivery-channel", "configrulename": "rule",
        "conformancepackname": "conformance-pack", "retentionconfigurationname": "retention-configuration",
        "configurationaggregatorname": "aggregator", "organizationconfigrulename": "organization-rule", "name": "*",
    },
    "guardduty": {"detectorid": "detector"},
    "lambda": {"functionname": "function", "functionarn": "function", "layername": "layer", "uuid": "event-source-mapping"},
    "secretsmanager": {"secretid": "secret", "arn": "secret", "secretarn": "secret", "name": "secret"},
    "ssm": {
        "instanceid": "ec2:instance", "instanceids": "ec2:instance", "target": "ec2:instance", "sessionid": "session", "names": "parameter",
        "name": "parameter", "documentname": "document", "windowid": "maintenance-window", "automationexecutionid": "automation-execution",
        "associationid": "association", "baselineid": "patch-baseline", "opsitemid": "ops-item",
    },
    "rds": {
        "dbinstanceidentifier": "db", "dbclusteridentifier": "cluster", "dbsnapshotidentifier": "snapshot",
        "dbclustersnapshotidentifier": "cluster-snapshot", "dbparametergroupname": "parameter-group", "dbproxyname": "db-proxy",
        "globalclusteridentifier": "global-cluster", "dbsubnetgroupname": "subnet-group", "dbsecuritygroupname": "security-group",
        "optiongroupname": "option-group", "resourcename": "db",
    },
    "dynamodb": {"tablename": "table", "targettablename": "table", "globaltablename": "table", "tablearn": "table", "backuparn": "backup"},
    "ecs": {
        "service": "service", "servicename": "service", "task": "task", "containerinstance": "container-instance",
        "containerinstances": "container-instance", "cluster": "cluster", "clustername": "cluster", "taskdefinition": "task-definition",
        "family": "task-definition",
    },
    "eks": {"nodegroupname": "nodegroup", "clustername": "cluster", "name": "cluster"},
    "autoscaling": {
        "autoscalinggroupname": "group", "instanceid": "ec2:instance", "launchconfigurationname": "launch-configuration",
        "resourceid": "scalable-target",
    },
    "elasticloadbalancing": {
        "loadbalancerarn": "loadbalancer", "loadbalancername": "loadbalancer", "listenerarn": "listener", "targetgrouparn": "targetgroup",
        "rulearn": "listener-rule",
    },
    "events": {"name": "rule", "rule": "rule", "eventbusname": "bus"},
    "logs": {"loggroupname": "log-group", "loggroupidentifier": "log-group", "destinationname": "destination"},
    "monitoring": {"alarmname": "alarm", "alarmnames": "alarm", "dashboardname": "dashboard", "dashboardnames": "dashboard"},
    "cloudformation": {"stackname": "stack", "stackid": "stack", "stacksetname": "stack-set"},
    "cloudfront": {"id": "distribution", "resource": "distribution", "distributionid": "distribution"},
    "apigateway": {"apiid": "api", "restapiid": "api", "domainname": "domain", "id": "api", "stagename": "stage"},
    "account": {},
    "elasticache": {"cacheclusterid": "cluster", "replicationgroupid": "replication-group"},
    "elasticfilesystem": {"filesystemid": "file-system", "mounttargetid": "mount-target"},
    "es": {"domainname": "domain"},
    "sqs": {"queueurl": "queue", "queuename": "queue"},
    "sns": {"topicarn": "topic", "subscriptionarn": "subscription", "name": "topic"},
    "wafv2": {"name": "*", "resourcearn": "web-acl", "id": "*", "webaclarn": "web-acl"},
    "route53": {"hostedzoneid": "hosted-zone", "id": "hosted-zone", "healthcheckid": "health-check"},
    "route53resolver": {
        "resolverquerylogconfigid": "query-log-config", "resolverendpointid": "endpoint", "firewallrulegroupid": "firewall-rule-group",
    },
    "bedrock": {"modelid": "model", "guardrailidentifier": "guardrail", "agentid": "agent"},
    "rolesanywhere": {"profileid": "profile", "trustanchorid": "trust-anchor"},
    "synthetics": {"name": "canary"},
    "glue": {
        "jobname": "job", "tablename": "table", "databasename": "database", "crawlername": "crawler", "endpointname": "dev-endpoint",
        "triggername": "trigger", "workflowname": "workflow", "connectionname": "connection", "name": "*",
    },
    "states": {"statemachinearn": "state-machine", "executionarn": "execution"},
    "codebuild": {"projectname": "project", "name": "project", "projectarn": "project", "id": "build", "ids": "build"},
    "codepipeline": {"pipelinename": "pipeline", "name": "pipeline"},
    "codedeploy": {"deploymentid": "deployment", "applicationname": "application"},
    "backup": {"backupvaultname": "vault", "backupplanid": "plan", "recoverypointarn": "recovery-point"},
    "ecr": {"repositoryname": "repository"},
    "redshift": {
        "clusteridentifier": "cluster", "snapshotidentifier": "snapshot", "clustersubnetgroupname": "subnet-group",
        "parametergroupname": "parameter-group",
    },
    "kinesis": {"streamname": "stream", "streamarn": "stream"},
    "firehose": {"deliverystreamname": "stream"},
    "acm": {"certificatearn": "certificate"},
    "securityhub": {
        "hubarn": "hub", "standardssubscriptionarn": "standard", "standardssubscriptionarns": "standard", "standardscontrolarn": "control",
        "securitycontrolid": "control",
    },
    "macie2": {},
    "inspector2": {},
    "organizations": {"accountid": "account", "policyid": "policy"},
    "signin": {},
    "dms": {"replicationtaskarn": "replication-task", "replicationinstancearn": "replication-instance"},
    "elasticbeanstalk": {"environmentname": "environment", "applicationname": "application"},
    "elasticmapreduce": {"jobflowids": "cluster", "jobflowid": "cluster", "clusterid": "cluster", "stepids": "step", "studioid": "studio"},
    "cognito-idp": {"userpoolid": "user-pool"},
    "sagemaker": {"notebookinstancename": "notebook", "endpointname": "endpoint"},
}  # fmt: skip
# What a call without a named target is about.
DEFAULT_THING: dict[str, str] = {
    "ec2": "ec2:instance", "s3": "s3:bucket", "iam": "iam:user", "kms": "kms:key", "cloudtrail": "cloudtrail:trail",
    "config": "config:recorder", "guardduty": "guardduty:detector", "lambda": "lambda:function", "rds": "rds:db", "ecs": "ecs:service",
    "glue": "glue:catalog", "organizations": "account", "sts": "account", "macie2": "account", "inspector2": "account",
    "securityhub": "account", "signin": "iam:user", "ssm": "ssm:parameter", "secretsmanager": "secretsmanager:secret", "account": "account",
    "access-analyzer": "access-analyzer:analyzer",
}  # fmt: skip
# Calls about the whole account, or about another thing than their service's usual one.
SPECIAL: dict[str, str] = {
    "EnableSerialConsoleAccess": "account", "DisableSerialConsoleAccess": "account", "DisableEbsEncryptionByDefault": "account",
    "EnableEbsEncryptionByDefault": "account", "DisableImageBlockPublicAccess": "account", "DisableSnapshotBlockPublicAccess": "account",
    "DeleteAccountPasswordPolicy": "account", "UpdateAccountPasswordPolicy": "account", "CreateAccountAlias": "account",
    "DeleteAccountPublicAccessBlock": "account", "PutAccountPublicAccessBlock": "account", "GetCallerIdentity": "account",
    "PutResourcePolicy@glue": "glue:catalog", "PutDataCatalogEncryptionSettings": "glue:catalog", "CreateVpc": "ec2:vpc",
    "DeleteFlowLogs": "ec2:flow-log", "CreateFlowLogs": "ec2:flow-log", "CreateSecurityGroup": "ec2:security-group",
    "CreateNetworkAclEntry": "ec2:network-acl", "DeleteNetworkAclEntry": "ec2:network-acl", "CreateSubnet": "ec2:subnet",
    "CreateVolume": "ec2:volume", "CreateDBSnapshot": "rds:snapshot", "UpdateAssumeRolePolicy": "iam:role", "DeleteRolePolicy": "iam:role",
    "CreateImage": "ec2:image", "ResumeSession": "ssm:session", "TerminateSession": "ssm:session", "StartSession": "ec2:instance",
    "UpdateDestination@firehose": "firehose:stream", "SendCommand": "ec2:instance", "PutInventory": "ec2:instance",
}  # fmt: skip
