"""ECS and EKS: tasks, services, deployments, container instances, pods."""

from aiops_daemon.events.rows import Row
from aiops_daemon.model.event import EventKind

_STATE = EventKind.STATE_CHANGE

ROWS = (
    Row("Task State Change", _STATE, "ecs:task", ("taskArn",), ("lastStatus",), bare=True),
    Row("Service Action|Deployment State", _STATE, "ecs:service", (), ("eventName",)),
    Row("Container Instance", _STATE, "ecs:container-instance", ("containerInstanceArn", "ec2InstanceId"), ("status",)),
    Row("Fargate Pod", EventKind.NOTICE, "k8s:pod", ("podName",), bare=True, arns=False),
    Row("", _STATE, "ecs:service", (), ("eventName",)),
)
