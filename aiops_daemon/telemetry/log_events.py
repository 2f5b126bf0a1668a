"""The names of log events, for whoever searches or alerts on them. A name never changes its meaning; what varies is in the fields."""

from enum import StrEnum


class LogEvent(StrEnum):
    """`logger.info(LogEvent.X, field=...)`: the value is what stands under `event` in the line."""

    # intake
    INTAKE_STARTED = "intake started"
    INTAKE_STOPPING = "intake stopping"
    INTAKE_STOPPED = "intake stopped"
    INTAKE_OVERRAN = "intake stop took too long, handlers cancelled"
    QUEUE_UNAVAILABLE = "queue unavailable"
    QUEUE_AVAILABLE = "queue available again"
    QUEUE_DEPTH_UNKNOWN = "queue depth unknown"
    MESSAGE_DROPPED = "message dropped"
    MESSAGE_PARKED = "message parked"
    MESSAGE_PARKING_FAILED = "message could not be parked"
    MESSAGE_RETRIED = "message left for later"
    MESSAGE_HANDLER_FAILED = "message handler failed"
    ACKNOWLEDGEMENT_FAILED = "acknowledgement failed"
    HEARTBEAT_FAILED = "visibility heartbeat failed"

    # log watch
    LOG_WATCH_FAILED = "log watch run failed"
    LOG_WINDOW_FAILED = "log window left for the next run"
    LOG_WINDOW_SKIPPED = "log window too old to catch up"
    LOG_ALERT_DELAYED = "log alert could not be announced yet"
    LOG_ALERT_MUTED = "log alert muted: its pattern was wrong too often"
    LOG_SCORE_DELAYED = "log warnings could not be followed up yet"
    LOG_STATE_FOREIGN = "log baseline of another version, learned anew"

    # the daemon and its workers
    DAEMON_STARTED = "daemon started"
    DAEMON_STOPPED = "daemon stopped"
    INCIDENT_OPENED = "incident opened"
    INCIDENT_MOVED = "incident moved"
    INCIDENT_PARKED = "parked"
    INCIDENT_ENDED = "incident ended"
    OPERATOR_DECISION = "operator decision"
    SCAN_FAILED = "scan failed"
    TAKEOVER = "takeover"
    FENCED = "stopped by the fence"
    WORKFLOW_INTERRUPTED = "workflow interrupted"
    WORKFLOW_FAILED = "workflow failed"
    INCIDENT_UNREADABLE = "unreadable incident"
    STORM = "storm"
    GUARDS_UNREADABLE = "guard rails could not be read for their gauges"
    BREAKER_OPENED = "breaker opened"
    RECORD_UNWRITTEN = "the record could not be written: the lease runs out and the incident goes on then"
    LEASE_NOT_RENEWED = "lease not renewed"
    MODEL_UNAVAILABLE = "model unavailable"
    MODEL_PRICE_UNKNOWN = "model price unknown"
    MODEL_COST_UNSETTLED = "model cost not settled"
    NOTICE_NOT_DELIVERED = "notice not delivered"
    NOTIFIER_FAILED = "notifier failed"
    METRICS_NOT_SENT = "metrics not sent"
    LOG_ALERT = "log alert"
