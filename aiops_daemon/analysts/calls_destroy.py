"""Calls that destroy, stop or cut off something that should exist or work.

What only removes access or a rule (a key, a policy, an ingress rule) is not here: undoing that would open it again.
"""

import re

from aiops_daemon.analysts.facts import api, pairs, parameters, values, words
from aiops_daemon.analysts.opinion import CERTAIN, FAIR, STRONG, actor, anomaly, failure, normal, subject
from aiops_daemon.model.event import UNKNOWN, Event
from aiops_daemon.model.verdict import Verdict

REPLACE = "codebuild.terraform_apply"

_GONE = re.compile(
    r"^(?:Batch|Force|Permanently)?(?:Delete|Terminate|Destroy|Purge|Release|Deregister|Decommission|Remove|Empty)(?P<thing>[A-Z].*)$"
)

# Things that hold data: gone, they come back from a backup and a person has to say from which.
_STATEFUL = words(
    """
    DBInstance DBCluster GlobalCluster Table TableReplica Bucket Objects Object FileSystem Volume Snapshot DBSnapshot
    DBClusterSnapshot CacheCluster ReplicationGroup ServerlessCache Cluster ClusterSnapshot Domain ElasticsearchDomain
    OpenSearchDomain Collection Stream DeliveryStream Queue Topic Repository Image Images Secret Parameter Parameters
    BackupVault RecoveryPoint Vault Archive Backup DBInstanceAutomatedBackup DBClusterAutomatedBackup Database Schema
    UserPool IdentityPool LedgerPool Ledger Fileshare StorageVirtualMachine KeyspaceTable Keyspace Namespace Workspaces
    Workspace Bot Index DataStore TableBucket VectorBucket BrokerStorage SnapshotSchedule
    """
)
# Things that work: gone, they are recreated from their definition.
_WORKING = words(
    """
    Instance Instances Function Alias Version EventSourceMapping Service CapacityProvider TaskSet Stack Stacks StackSet
    StackInstances LoadBalancer TargetGroup Listener Rule Targets AutoScalingGroup LaunchConfiguration LaunchTemplate
    Nodegroup FargateProfile Addon HostedZone Distribution RestApi Api Stage DomainName Deployment Integration GraphqlApi
    StateMachine JobQueue ComputeEnvironment Certificate Broker Endpoint EndpointConfig Model Application Environment
    Project Pipeline DeploymentGroup DeploymentConfig Job Trigger Crawler Workflow Fleet Hosts CapacityReservation
    Placementgroup PlacementGroup SpotFleetRequests User Role Group InstanceProfile DBProxy DBSubnetGroup Canary
    ReplicationInstance ReplicationTask Server Connector Accelerator Schedule EventBus Pipe Resolver ScalingPolicy
    DataSource Channel Cloudfront Device Thing DBShardGroup Gateway VirtualGateway VirtualRouter Mesh
    """
)
_NETWORK = words(
    """
    Vpc Subnet NatGateway InternetGateway EgressOnlyInternetGateway RouteTable Route NetworkInterface SecurityGroup
    NetworkAcl Address TransitGateway TransitGatewayVpcAttachment TransitGatewayRoute TransitGatewayRouteTable VpnGateway
    VpnConnection VpnConnectionRoute CustomerGateway VpcEndpoints VpcPeeringConnection DhcpOptions Carriergateway
    ClientVpnEndpoint VirtualInterface Connection DirectConnectGateway ResolverRule ResolverEndpoint MountTarget
    """
)
# Generic names whose deletion is ordinary in these services.
_ORDINARY = frozenset(
    {
        ("dynamodb", "Item"),
        ("s3", "Object"),
        ("ec2", "LaunchTemplate"),
        ("elasticloadbalancing", "Targets"),  # instances come and go behind a balancer
        ("lambda", "Version"),
        ("apigateway", "Deployment"),
        ("logs", "Stream"),
        ("events", "Rule"),
        ("events", "Targets"),
        ("config", "Rule"),
        ("rbin", "Rule"),
        ("sqs", "Message"),
        ("ssm", "Session"),
        ("ecs", "TaskSet"),
        ("ssm", "Connection"),
    }
)
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


def judge(event: Event) -> Verdict | None:
    """FAILURE where the call destroyed or stopped something."""
    service, name = api(event)
    if name in _PASSING:
        return anomaly(event, f"{actor(event)} called {name} on {subject(event)}: a short outage by request that ends by itself.")
    stopped = _STOPPED.get((service, name))
    if stopped:
        what, action, confidence = stopped
        because = f"{subject(event)} was {what} by {actor(event)} ({name})."
        return _named(event, failure(event, because, confidence=confidence, severity=8, action=action, downtime=5))
    return _scaled_to_nothing(event, name) or _gone(event, service, name)


def _gone(event: Event, service: str, name: str) -> Verdict | None:
    match = _GONE.match(name)
    if not match:
        return None
    thing = match["thing"]
    said = f"{subject(event)} was destroyed by {actor(event)} ({name})"
    if (service, thing) in _ORDINARY or thing.endswith(("Tags", "Tagging", "Messages")):
        return normal(f"{actor(event)} called {name} on {subject(event)}: alone ordinary.")
    if thing in _STATEFUL:
        because = f"{said}. It held data: restoring it needs a person to say from what."
        return _named(event, failure(event, because, confidence=CERTAIN, severity=9, downtime=60))
    if thing in _WORKING:
        because = f"{said}. It can be recreated from its definition."
        return _named(event, failure(event, because, severity=8, action=REPLACE, downtime=15))
    if thing in _NETWORK:
        because = f"{said}: part of a network is gone, what used it may be cut off."
        return _named(event, failure(event, because, severity=7, action=REPLACE, downtime=15))
    return anomaly(
        event, f"{actor(event)} called {name} on {subject(event)}: something was removed, restoring it blindly could re-open access."
    )


def _scaled_to_nothing(event: Event, name: str) -> Verdict | None:
    """A count set to zero stops the work as well as a stop call does; only an operator knows whether it was meant."""
    counts = {
        "UpdateService": ("desiredCount",),
        "UpdateAutoScalingGroup": ("desiredCapacity", "maxSize"),
        "SetDesiredCapacity": ("desiredCapacity",),
        "PutFunctionConcurrency": ("reservedConcurrentExecutions",),
        "UpdateNodegroupConfig": ("desiredSize",),
    }.get(name)
    if not counts or not any(value == 0 and value is not False for value in values(parameters(event), *counts)):
        return None
    action = "ecs.redeploy" if name == "UpdateService" else None
    return failure(event, f"{actor(event)} set {subject(event)} to zero ({name}): nothing of it runs.", confidence=FAIR, action=action)


def _named(event: Event, verdict: Verdict) -> Verdict:
    """Where the request names nothing at all, there is nothing to restore; an id that was redacted is a person's to find out."""
    if event.resource.id != UNKNOWN or any(isinstance(v, str) and v.strip() for _, v in pairs(parameters(event))):
        return verdict
    return anomaly(event, f"{verdict.reasoning} The event names no resource, so there is nothing to restore.")
