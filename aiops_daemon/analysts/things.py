"""What a call's noun names: something that holds data, something that works, a part of a network, another thing, or only what hangs on one.

The noun is what follows the verb: DBInstance in DeleteDBInstance. One that is not listed is known by its last words:
TransitGatewayPeeringAttachment is an Attachment, RelationalDatabase a Database.
"""

import re
from enum import Enum

from aiops_daemon.analysts.facts import words


class Thing(Enum):
    """What its loss means."""

    STATEFUL = "stateful"
    WORKING = "working"
    NETWORK = "network"
    OTHER = "other"


# Things that hold data: gone, they come back from a backup and a person has to say from which.
_STATEFUL = words(
    """
    DBInstance DBCluster GlobalCluster Table TableReplica Bucket Objects Object FileSystem Volume Snapshot DBSnapshot
    DBClusterSnapshot CacheCluster ReplicationGroup ServerlessCache Cluster ClusterSnapshot Domain ElasticsearchDomain
    OpenSearchDomain Collection Stream DeliveryStream Queue Topic Repository Image Images Secret Parameter Parameters
    BackupVault RecoveryPoint Vault Archive Backup DBInstanceAutomatedBackup DBClusterAutomatedBackup Database Schema
    UserPool IdentityPool LedgerPool Ledger Fileshare StorageVirtualMachine KeyspaceTable Keyspace Namespace Workspaces
    Workspace Bot Index DataStore TableBucket VectorBucket BrokerStorage SnapshotSchedule Directory Disk Dataset
    DatasetGroup FeatureGroup KnowledgeBase Library Notebook
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
    DataSource Channel Cloudfront Device Thing DBShardGroup Gateway VirtualGateway VirtualRouter VirtualNode
    VirtualService Mesh App JobFlows Studio Robot Farm Hub Portal Site Agent Flow Backend Branch ContainerService
    SubnetGroup ParameterGroup WorkGroup Workgroup
    ServerCertificate CertificateAuthority TopicRule ProvisionedProduct NotebookInstance Transformer Detector Tracker Node Nodes Pod
    """
)
_NETWORK = words(
    """
    Vpc Subnet NatGateway InternetGateway EgressOnlyInternetGateway RouteTable Route NetworkInterface SecurityGroup
    NetworkAcl Address TransitGateway TransitGatewayVpcAttachment TransitGatewayRoute TransitGatewayRouteTable VpnGateway
    VpnConnection VpnConnectionRoute CustomerGateway VpcEndpoints VpcPeeringConnection DhcpOptions Carriergateway
    ClientVpnEndpoint VirtualInterface Connection DirectConnectGateway ResolverRule ResolverEndpoint MountTarget
    Attachment Propagation Cidr StaticIp Lag CoreNetwork GlobalNetwork Vlan
    """
)
# Too short to be known by: PolicyVersion, SigningCertificate and SecurityGroupRule are nothing that works.
_ONLY_WHOLE = words("Version Alias Rule Model Schema Object Certificate Index Connection Integration User Group Role Image Thing")
_KINDS = ((_STATEFUL, Thing.STATEFUL), (_WORKING, Thing.WORKING), (_NETWORK, Thing.NETWORK))
# Access, settings, bookkeeping: taking one away breaks nothing that should stand, and bringing it back may re-open something.
_LOOSE = words(
    """
    Policy Policies Permission Permissions Key Keys Grant Credential Credentials Password Profile Tag Tags Tagging Configuration
    Configurations Config Setting Settings Attribute Attributes Preference Cors Website Association Subscription Filter Session Token
    Comment Message Messages Item Items Record Records Metadata Version Versions Alias Aliases Definition Definitions Document Template
    Preset Report Query Dashboard Dashboards View Link Invitation Member Members Contact Boundary Provider Anchor Override Exclusion
    Suppression Principal Dimension Annotation Lifecycle Logging Analytics Inventory Metrics Ownership Encryption Replication Block
    Rule Rules Set Mapping Assignment Role Handler Hook Note Event Events Run Runs Execution Test Result Results Statement Request
    Draft Type Label Entry Entries Revision Reference File Files Folder Asset Log Logs Window Baseline Widget Scope Trust Annotations
    Certificate Schema Model Object Connection Integration User Group Thing Client Method Response Feedback Slot Intent Utterances
    Share Target Targets Destination Notification Notifications Limit Quota Budget Plan Category Tagset Finding Findings Location
    Mount Strategy Activation Number Webhook Aggregator Control Consumer
    Experiment Trial Analysis Insight Membership Listing Meeting Attendee Face Faces Upload History Build Builds Partition
    Partitions Shadow Pair Action Artifact Comparison Page Post Case
    """
)
# ... but with a word before it, each is a thing with a name of its own: ThingGroup, VpcLink, ConfigurationProfile.
_OF_ITS_OWN = words(
    """
    Group Set Template Link Profile Alias Model Certificate Connection Asset Association Schema Configurations Integration
    """
)
_ON_ANOTHER = words(
    """
    PodIdentityAssociation LoginProfile AccountAlias SigningCertificate ClientCertificate PermissionSet ChangeSet RecordSet
    QueryLoggingConfigurations
    """
)
# What merely hangs on a thing is named after it: UserFromGroup, TagsForDomain, PolicyFromRole.
_HANGS_ON = re.compile(r"(?<=[a-z])(?:From|For|To|With|On|In|Of|By)(?=[A-Z])")
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z]|\d|$)|[A-Z]?[a-z0-9]+")


def thing_of(noun: str) -> tuple[Thing, bool] | None:
    """The kind of thing, and whether exactly that noun is listed. None for what nobody misses, or what is not known."""
    for listed, kind in _KINDS:
        if noun in listed:
            return kind, True
    if _HANGS_ON.search(noun):
        return None
    parts = _PARTS.findall(noun)
    tails = ["".join(parts[start:]) for start in range(len(parts))]
    if tails and {tails[-1], tails[-1].removesuffix("s")} & _ONLY_WHOLE:
        tails = tails[:-1]
    forms = [form for tail in tails for form in (tail, tail.removesuffix("s"))]
    known = next(((kind, False) for form in forms for listed, kind in _KINDS if form in listed), None)
    if known or not parts:
        return known
    compound = len(parts) > 1 and parts[-1] in _OF_ITS_OWN and noun not in _ON_ANOTHER
    return (Thing.OTHER, False) if compound or parts[-1] not in _LOOSE else None
