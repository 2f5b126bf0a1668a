"""RDS and Aurora: instance, cluster, snapshot, parameter group and proxy events; what happened is the RDS-EVENT number."""

from aiops_daemon.events.rows import Row
from aiops_daemon.model.event import EventKind

_ID = ("SourceArn", "SourceIdentifier", "Source ID")
_NAME = ("EventID", "Event ID")

ROWS = (
    Row("Cluster Snapshot", EventKind.STATE_CHANGE, "rds:cluster-snapshot", _ID, _NAME),
    Row("Snapshot", EventKind.STATE_CHANGE, "rds:snapshot", _ID, _NAME),
    Row("Parameter Group", EventKind.STATE_CHANGE, "rds:parameter-group", _ID, _NAME),
    Row("Proxy", EventKind.STATE_CHANGE, "rds:db-proxy", _ID, _NAME),
    Row("Security Group", EventKind.STATE_CHANGE, "rds:security-group", _ID, _NAME),
    Row("Cluster", EventKind.STATE_CHANGE, "rds:cluster", _ID, _NAME),
    Row("", EventKind.STATE_CHANGE, "rds:db", _ID, _NAME),
)
