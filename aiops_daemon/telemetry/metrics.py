"""Every Prometheus metric of the daemon, and nothing else: this file is the reference (docs/metrics.md is made from it).

Grouped by who counts, so that a component is handed only its own group. Labels hold small closed sets, never ids: a label value
that comes from a message goes through `Reasons`, which caps how many there can be.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, Info, PlatformCollector, ProcessCollector

from aiops_daemon.telemetry.labels import Reasons

# Two families: one call (5 ms to 10 s) and one recovery (1 s to 1 h). A stage can be either, so it has both.
CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
RECOVERY_SECONDS = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0)
UNDELIVERED_SECONDS = 1800.0  # twice the longest pause between two tries
STAGE_SECONDS = (0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)


class IntakeMetrics:
    """Messages, from the queue to their acknowledgement."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._dropped_reasons, self._parked_reasons, self._retry_reasons = Reasons(), Reasons(), Reasons()
        self.receives = Counter(
            "aiops_receives_total", "Receive calls, by result: full, some, empty, failed.", ["result"], registry=registry
        )
        self.received = Counter("aiops_messages_received_total", "Messages received, redeliveries included.", registry=registry)
        self.done = Counter("aiops_messages_done_total", "Messages whose events were durably recorded.", registry=registry)
        self._dropped = Counter("aiops_messages_dropped_total", "Messages that need no incident, by reason.", ["reason"], registry=registry)
        self._parked = Counter(
            "aiops_messages_parked_total", "Messages sent to the dead-letter queue, by reason.", ["reason"], registry=registry
        )
        self._retried = Counter(
            "aiops_messages_retried_total", "Messages left on the queue for later, by reason.", ["reason"], registry=registry
        )
        self.deduplicated = Counter(
            "aiops_messages_deduplicated_total",
            "Events that found their own incident: redeliveries and copies.",
            registry=registry,
        )
        self.released = Counter("aiops_messages_released_total", "Messages given back unstarted at shutdown.", registry=registry)
        self.handler_errors = Counter(
            "aiops_handler_errors_total", "Exceptions out of the message handler: each one is a bug.", registry=registry
        )
        self.acknowledgement_failures = Counter(
            "aiops_acknowledgement_failures_total",
            "Deletes given up: the message comes again and is deduplicated.",
            registry=registry,
        )
        self.heartbeat_failures = Counter("aiops_heartbeat_failures_total", "Visibility extensions that failed.", registry=registry)
        self.in_flight = Gauge("aiops_messages_in_flight", "Messages held locally, waiting or being handled.", registry=registry)
        self.queue_age = Gauge(
            "aiops_queue_age_seconds", "Age of the oldest message in the last receive; 0 after an empty one.", registry=registry
        )
        self.last_poll = Gauge("aiops_last_poll_timestamp_seconds", "When a receive last succeeded (Unix time).", registry=registry)
        self.queue_messages = Gauge(
            "aiops_queue_messages", "Visible messages, by queue: events, dead-letters.", ["queue"], registry=registry
        )
        self.handle_seconds = Histogram("aiops_handle_seconds", "One message in the handler.", buckets=CALL_SECONDS, registry=registry)

    def dropped(self, reason: str) -> None:
        """Count a message that was understood and needs nothing."""
        self._dropped.labels(self._dropped_reasons.label(reason)).inc()

    def parked(self, reason: str) -> None:
        """Count a message that went to the dead-letter queue."""
        self._parked.labels(self._parked_reasons.label(reason)).inc()

    def retried(self, reason: str) -> None:
        """Count a message that stays on the queue."""
        self._retried.labels(self._retry_reasons.label(reason)).inc()


class IncidentMetrics:
    """Incidents, their stages and recoveries."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.opened = Counter("aiops_incidents_opened_total", "Incidents recorded, by kind of event.", ["kind"], registry=registry)
        self.closed = Counter(
            "aiops_incidents_closed_total",
            "Incidents finished, by classification and outcome.",
            ["classification", "outcome"],
            registry=registry,
        )
        self.active = Gauge(
            "aiops_incidents_active", "Incidents that this process works on now (parked ones are not held).", registry=registry
        )
        self.transitions = Counter("aiops_transitions_total", "State changes written, by new state.", ["state"], registry=registry)
        self.stage_seconds = Histogram(
            "aiops_stage_seconds",
            "One stage of the workflow, without parked waits.",
            ["stage"],
            buckets=STAGE_SECONDS,
            registry=registry,
        )
        self.recovery_seconds = Histogram(
            "aiops_recovery_seconds",
            "From the receipt of the event to the end of a recovery.",
            ["outcome"],
            buckets=RECOVERY_SECONDS,
            registry=registry,
        )
        self.event_delay = Histogram(
            "aiops_event_delay_seconds", "From what happened to our receipt of it.", buckets=RECOVERY_SECONDS, registry=registry
        )
        self.decisions = Counter(
            "aiops_decisions_total", "What the gate decided, by decision and cause.", ["decision", "cause"], registry=registry
        )
        self.cooldowns = Counter(
            "aiops_cooldowns_total",
            "Incidents ended because their resource is in cooldown or held by another.",
            registry=registry,
        )
        self.approvals = Counter(
            "aiops_approvals_total",
            "Human review: requested, approved, rejected, expired; refused and waiting: approved, but a guard rail held.",
            ["decision"],
            registry=registry,
        )
        self.approvals_pending = Gauge(
            "aiops_approvals_pending", "Incidents that wait for a human (each minute; 500: at least).", registry=registry
        )
        self.steps = Counter("aiops_steps_total", "Steps run, by action and result.", ["action", "result"], registry=registry)
        self.step_seconds = Histogram(
            "aiops_step_seconds",
            "One step from start to end, by action.",
            ["action"],
            buckets=RECOVERY_SECONDS,
            registry=registry,
        )
        self.verifications = Counter(
            "aiops_verifications_total", "Independent checks after a recovery, by result.", ["result"], registry=registry
        )
        self.takeovers = Counter("aiops_takeovers_total", "Incidents taken over because their owner's lease ran out.", registry=registry)
        self.ownership_lost = Counter("aiops_ownership_lost_total", "Times this process was stopped by the fence.", registry=registry)
        self.workflow_errors = Counter(
            "aiops_workflow_errors_total", "Unexpected exceptions in a workflow: each one is a bug.", registry=registry
        )


class ModelMetrics:
    """Calls to a language model and what came of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "aiops_model_calls_total",
            "Model calls, by result: ok, invalid, timeout, throttled, denied, failed, over-budget.",
            ["result"],
            registry=registry,
        )
        self.seconds = Histogram("aiops_model_seconds", "One model call.", buckets=(*CALL_SECONDS, 30.0, 60.0), registry=registry)
        self.tokens = Counter("aiops_model_tokens_total", "Tokens, by direction: input, output.", ["direction"], registry=registry)
        self.cost = Counter("aiops_model_cost_dollars_total", "Estimated cost of model calls.", registry=registry)
        self.degraded = Counter(
            "aiops_model_degraded_total",
            "Verdicts left to the rules because the model failed, by reason.",
            ["reason"],
            registry=registry,
        )
        self.injections = Counter(
            "aiops_model_injections_total", "Event texts that look like instructions to the model.", registry=registry
        )


class GuardMetrics:
    """Guard rails that the whole fleet shares."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.kill_switch = Gauge("aiops_kill_switch_engaged", "1: no step runs (also when the switch cannot be read).", registry=registry)
        self.breaker = Gauge("aiops_breaker_open", "1: automatic action of this kind is stopped.", ["kind"], registry=registry)
        self.budget_used = Gauge(
            "aiops_budget_used_ratio",
            "Share of a budget that is spent, by budget: account (the fullest), model-calls, model-cost.",
            ["budget"],
            registry=registry,
        )
        self.refusals = Counter("aiops_budget_refusals_total", "Actions or calls that a budget held back.", ["budget"], registry=registry)
        self.storms = Counter("aiops_storms_total", "Storm incidents opened.", registry=registry)


class NotificationMetrics:
    """What people are told."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sent = Counter(
            "aiops_notifications_total",
            "Notices, by channel and result: delivered, retried, given-up.",
            ["channel", "result"],
            registry=registry,
        )
        self.seconds = Histogram(
            "aiops_notification_seconds", "One delivery, by channel.", ["channel"], buckets=CALL_SECONDS, registry=registry
        )
        self.pending = Gauge(
            "aiops_notifications_pending", "Notices that this process tried and has not got through yet.", registry=registry
        )
        self._undelivered: dict[str, float] = {}

    def tried(self, entry: str, now: float, *, pending: bool) -> None:
        """Count a delivery's result; `now` is monotonic."""
        if pending:
            self._undelivered[entry] = now
        else:
            self._undelivered.pop(entry, None)
        self.forget(now)

    def forget(self, now: float) -> None:
        """What was not tried here again for so long is somebody else's by now."""
        self._undelivered = {entry: at for entry, at in self._undelivered.items() if now - at < UNDELIVERED_SECONDS}
        self.pending.set(len(self._undelivered))


class LogWatchMetrics:
    """The five-minute log watch."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.runs = Counter(
            "aiops_log_watch_runs_total", "Windows analysed, by result: ok, failed, cancelled, elsewhere.", ["result"], registry=registry
        )
        self.lateness = Gauge(
            "aiops_log_watch_lateness_seconds", "Age of the newest window analysed beyond its due time.", registry=registry
        )
        self.last_run = Gauge(
            "aiops_log_watch_last_run_timestamp_seconds", "When a window was last analysed (Unix time).", registry=registry
        )
        self.seconds = Histogram("aiops_log_watch_seconds", "Reading and analysing one window.", buckets=STAGE_SECONDS, registry=registry)
        self.lines = Counter("aiops_log_watch_lines_total", "Log lines read.", registry=registry)
        self.templates = Gauge("aiops_log_watch_templates", "Templates known, all groups.", registry=registry)
        self.alerts = Counter("aiops_log_watch_alerts_total", "Episodes announced, by kind.", ["kind"], registry=registry)
        self.predictions = Counter(
            "aiops_log_watch_predictions_total", "Forecasts: made, hit, false, prevented, muted.", ["result"], registry=registry
        )
        self.lead = Histogram(
            "aiops_log_watch_lead_seconds",
            "From a warning to the failure that it foresaw.",
            buckets=RECOVERY_SECONDS,
            registry=registry,
        )
        self.precision = Gauge(
            "aiops_log_watch_precision_ratio", "Share of the last 20 scored warnings that were right.", registry=registry
        )
        self.brier = Gauge("aiops_log_watch_brier_score", "Brier score of the scored forecasts: 0 is perfect.", registry=registry)


class ProcessMetrics:
    """The process itself and its calls to AWS."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.aws_calls = Counter(
            "aiops_aws_calls_total",
            "AWS calls, by service, operation and result: ok or the error's class.",
            ["service", "operation", "result"],
            registry=registry,
        )
        self.aws_seconds = Histogram(
            "aiops_aws_call_seconds",
            "One AWS call, retries included (long polls left out).",
            ["service"],
            buckets=CALL_SECONDS,
            registry=registry,
        )
        self.loop_lag = Histogram(
            "aiops_event_loop_lag_seconds",
            "How late the event loop ran a timer, measured each second.",
            buckets=CALL_SECONDS,
            registry=registry,
        )
        self.ready = Gauge("aiops_ready", "1: this check of /readyz is green.", ["check"], registry=registry)
        self.build = Info("aiops_build", "Version and mode of this process.", registry=registry)

    def aws_call(self, service: str, operation: str, result: str, seconds: float) -> None:
        """Hand this to aws.session as its observer."""
        self.aws_calls.labels(service, operation, result).inc()
        if operation != "receive_message":
            self.aws_seconds.labels(service).observe(seconds)


class Metrics:
    """All of them, on one registry of their own: tests make as many as they like."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.intake = IntakeMetrics(self.registry)
        self.incidents = IncidentMetrics(self.registry)
        self.models = ModelMetrics(self.registry)
        self.guards = GuardMetrics(self.registry)
        self.notifications = NotificationMetrics(self.registry)
        self.log_watch = LogWatchMetrics(self.registry)
        self.process = ProcessMetrics(self.registry)

    def observe_process(self) -> None:
        """Add CPU, memory, file descriptors and garbage collection (process_*, python_*). Once, in assembly."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
