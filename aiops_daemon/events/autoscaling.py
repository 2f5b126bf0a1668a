"""Auto Scaling: what a group does with its instances, over EventBridge or straight to a queue."""

from aiops_daemon.events.rows import Row
from aiops_daemon.model.event import EventKind

_INSTANCE = ("EC2InstanceId",)
_GROUP = ("AutoScalingGroupName",)

ROWS = (
    Row("Launch Unsuccessful", EventKind.NOTICE, "autoscaling:group", _GROUP, arns=False),
    Row("Instance Refresh|Warm Pool", EventKind.NOTICE, "autoscaling:group", _GROUP, arns=False),
    Row("Instance|Lifecycle", EventKind.NOTICE, "ec2:instance", _INSTANCE, ("LifecycleTransition", "Event"), arns=False),
    Row("", EventKind.NOTICE, "autoscaling:group", _GROUP, ("Event",), arns=False),
)
