"""EC2 and EBS: state changes, spot and rebalance warnings, volumes, snapshots, images, fleets, recycle bin."""

from aiops_daemon.events.rows import Row
from aiops_daemon.model.event import EventKind

_STATE, _NOTICE = EventKind.STATE_CHANGE, EventKind.NOTICE
_INSTANCE = ("instance-id", "instance_id", "instanceId")

ROWS = (
    Row("Instance State-change", _STATE, "ec2:instance", _INSTANCE, ("state",)),
    Row("Spot Instance Interruption", _NOTICE, "ec2:instance", _INSTANCE),
    Row("Rebalance Recommendation", _NOTICE, "ec2:instance", _INSTANCE),
    Row("Spot Instance Request|Fleet Spot Instance|Fleet Instance", _NOTICE, "ec2:instance", _INSTANCE, ("sub-type",)),
    Row("Multi-Volume Snapshots", _STATE, "ec2:snapshot", ("snapshots.snapshot_id",), ("result", "event")),
    Row("EBS Snapshot", _STATE, "ec2:snapshot", ("snapshot_id",), ("event",)),
    Row("EBS Volume", _STATE, "ec2:volume", (), ("event",)),
    Row("EBS Fast Snapshot", _STATE, "ec2:snapshot", ("snapshot-id",), ("state",)),
    Row("AMI State Change", _STATE, "ec2:image", ("ImageId",), ("State",)),
    Row("Fleet", _NOTICE, "ec2:fleet", (), ("sub-type",)),
    Row("Recycle Bin", _NOTICE, "rbin:rule", ("rule-id",)),
    Row("Capacity Reservation|ODCR", _NOTICE, "ec2:capacity-reservation", ("capacity-reservation-id",)),
    Row("", _NOTICE, "ec2:instance", _INSTANCE),
)
