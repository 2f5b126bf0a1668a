"""CloudWatch alarms in their three shapes. An alarm on one resource's metric is an event of that resource; else of the alarm itself."""

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from aiops_daemon.events.making import made
from aiops_daemon.events.tree import at, first_text, texts
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import EventKind, Reading, Resource

# Metric dimension -> the resource it names, most precise first.
_DIMENSIONS = {
    "InstanceId": "ec2:instance", "DBInstanceIdentifier": "rds:db", "DBClusterIdentifier": "rds:cluster", "FunctionName": "lambda:function",
    "ServiceName": "ecs:service", "TableName": "dynamodb:table", "QueueName": "sqs:queue", "TopicName": "sns:topic",
    "LoadBalancer": "elasticloadbalancing:loadbalancer", "LoadBalancerName": "elasticloadbalancing:loadbalancer",
    "AutoScalingGroupName": "autoscaling:group", "BucketName": "s3:bucket", "CacheClusterId": "elasticache:cluster",
    "VolumeId": "ec2:volume", "StateMachineArn": "states:state-machine", "ApiName": "apigateway:api", "DomainName": "opensearch:domain",
    "StreamName": "kinesis:stream", "ClusterIdentifier": "redshift:cluster", "Cluster Name": "kafka:cluster",
    "FileSystemId": "efs:file-system", "NatGatewayId": "ec2:nat-gateway", "TransitGateway": "ec2:transit-gateway",
    "VpnId": "ec2:vpn-connection", "DeliveryStreamName": "firehose:stream", "EndpointName": "sagemaker:endpoint",
    "JobFlowId": "emr:cluster", "DistributionId": "cloudfront:distribution", "HealthCheckId": "route53:health-check",
    "RuleName": "events:rule", "ApiId": "apigateway:api", "GraphQLAPIId": "appsync:api", "CertificateArn": "acm:certificate",
    "ReplicationTaskIdentifier": "dms:replication-task", "ReplicationInstanceIdentifier": "dms:replication-instance", "Broker": "mq:broker",
    "ServerId": "transfer:server", "CanaryName": "synthetics:canary", "ReplicationGroupId": "elasticache:replication-group",
    "ProjectName": "codebuild:project", "ConnectionId": "directconnect:connection", "JobName": "glue:job", "WebACL": "wafv2:web-acl",
}  # fmt: skip
# Dimensions that two services share: the metric's namespace tells.
_NAMESPACED = {("FileSystemId", "AWS/FSx"): "fsx:file-system", ("DomainName", "AWS/CloudSearch"): "cloudsearch:domain"}
_NAMING = re.compile(r"(?P<noun>[A-Z][A-Za-z]+?)(?:Name|Id|Identifier|Arn)")


def read(envelope: Envelope) -> Reading:
    """State changes and configuration changes."""
    detail = envelope.detail
    alarm = first_text(detail, "alarmName", "AlarmName", "alarmData.alarmName")
    state = first_text(detail, "state.value", "alarmData.state.value", "NewStateValue")
    watched = [] if "Configuration Change" in envelope.detail_type else list(_watched(detail))
    resources = watched or ([Resource(type="cloudwatch:alarm", id=alarm)] if alarm else [])
    kind = EventKind.NOTICE if "Configuration Change" in envelope.detail_type else EventKind.ALARM
    return made(envelope, kind, state or first_text(detail, "operation") or envelope.detail_type, resources, fallback="cloudwatch:alarm")


def _watched(detail: Mapping[str, JsonValue]) -> Iterator[Resource]:
    """The resources that the alarm's metrics are about, when they are all of one kind."""
    pairs = dict(_dimensions(detail))
    for name, kind in _DIMENSIONS.items():
        if pairs.get(name):
            cluster = f"{pairs['ClusterName']}/" if name == "ServiceName" and pairs.get("ClusterName") else ""
            if name == "ServiceName" and not cluster:
                continue
            owner = _NAMESPACED.get((name, _namespace(detail)), kind)
            yield Resource(type=owner, id=cluster + pairs[name])
            return
    yield from _by_namespace(_namespace(detail), pairs)


def _by_namespace(namespace: str, pairs: Mapping[str, str]) -> Iterator[Resource]:
    """A metric of AWS's own whose only dimension that ends like a name or an id says what it is about."""
    service = namespace.removeprefix("AWS/").rpartition("/")[2].lower()
    naming = {
        m["noun"].lower(): value for name, value in list(pairs.items())[::-1] if (m := _NAMING.fullmatch(name)) and name != "ClientId"
    }
    if namespace.startswith("AWS/") and service.isalnum() and len(naming) == 1:
        yield from (Resource(type=f"{service}:{noun}", id=value) for noun, value in naming.items())


def _namespace(detail: Mapping[str, JsonValue]) -> str:
    """The metrics' namespace, '' where they are of several."""
    places = ("configuration.metrics.metricStat.metric.namespace", "alarmData.configuration.metrics.metricStat.metric.namespace")
    found = {
        text for place in (*places, "Trigger.Namespace", "Trigger.Metrics.MetricStat.Metric.Namespace") for text in texts(detail, place)
    }
    return found.pop() if len(found) == 1 else ""


def _dimensions(detail: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    for prefix in ("configuration", "alarmData.configuration"):
        for item in at(detail, f"{prefix}.metrics.metricStat.metric.dimensions"):
            if isinstance(item, dict):
                yield from ((str(name), value) for name, value in item.items() if isinstance(value, str))
    for place in ("Trigger.Dimensions", "Trigger.Metrics.MetricStat.Metric.Dimensions"):
        for item in at(detail, place):
            if isinstance(item, dict):
                name, value = (texts(item, "name") or texts(item, "Name")), (texts(item, "value") or texts(item, "Value"))
                if name and value:
                    yield name[0], value[0]
