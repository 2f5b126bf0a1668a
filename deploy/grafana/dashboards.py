#!/usr/bin/env python3
# ruff: noqa: E501  # one panel a line reads as the table that it is
"""Writes the dashboards: one that a person on call reads in ten seconds, one for the daemon's own health. `--check` only compares.

A panel is one line here: title, kind, unit, queries with their legends. A test runs every query against a real Prometheus.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "dashboards"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
RED_ABOVE_ZERO: Sequence[Mapping[str, object]] = [{"color": "green", "value": None}, {"color": "red", "value": 1}]


class Panel(NamedTuple):
    title: str
    kind: str  # stat | timeseries | bargauge
    unit: str
    queries: dict[str, str]  # legend -> PromQL
    width: int = 6
    height: int = 4
    steps: Sequence[Mapping[str, object]] | None = None
    about: str = ""


class Row(NamedTuple):
    title: str
    panels: tuple[Panel, ...]


ON_CALL = (
    Row("Is it alive", (
        Panel("Last poll", "stat", "s", {"ago": "time() - max(aiops_last_poll_timestamp_seconds)"}, steps=[{"color": "green", "value": None}, {"color": "orange", "value": 60}, {"color": "red", "value": 120}]),
        Panel("Ready tasks", "stat", "none", {"ready": "sum(min by (instance) (aiops_ready))"}, steps=[{"color": "red", "value": None}, {"color": "green", "value": 1}]),
        Panel("Oldest event", "stat", "s", {"age": "max(aiops_queue_age_seconds)"}, steps=[{"color": "green", "value": None}, {"color": "red", "value": 300}]),
        Panel("Dead letters", "stat", "none", {"dead": 'max(aiops_queue_messages{queue="dead-letters"}) or vector(0)'}, steps=RED_ABOVE_ZERO),
    )),
    Row("What is it doing now", (
        Panel("Incidents in work", "stat", "none", {"now": "sum(aiops_incidents_active)"}, 4),
        Panel("Waiting for a person", "stat", "none", {"waiting": "max(aiops_approvals_pending)"}, 4, steps=[{"color": "green", "value": None}, {"color": "orange", "value": 1}]),
        Panel("Asked a person today", "stat", "none", {"asked": 'sum(increase(aiops_approvals_total{decision="requested"}[24h])) or vector(0)'}, 4, steps=[{"color": "green", "value": None}, {"color": "orange", "value": 1}]),
        Panel("Stop switch", "stat", "none", {"engaged": "max(aiops_kill_switch_engaged)"}, 4, steps=RED_ABOVE_ZERO, about="1: no step runs"),
        Panel("Breakers open", "stat", "none", {"open": "sum(max by (kind) (aiops_breaker_open)) or vector(0)"}, 4, steps=RED_ABOVE_ZERO),
        Panel("Budgets used", "stat", "percentunit", {"{{budget}}": "max by (budget) (aiops_budget_used_ratio)"}, 4, steps=[{"color": "green", "value": None}, {"color": "orange", "value": 0.8}], about="recoveries of the fullest account; the model's calls and money"),
    )),
    Row("What did it do today", (
        Panel("Healed", "stat", "none", {"verified": 'sum(increase(aiops_incidents_closed_total{outcome="verified"}[24h])) or vector(0)'}),
        Panel("Failed or rolled back", "stat", "none", {"bad": 'sum(increase(aiops_incidents_closed_total{outcome=~"failed|partial|rolled-back|rollback-failed"}[24h])) or vector(0)'}, steps=RED_ABOVE_ZERO),
        Panel("Time to heal, 95 of 100", "stat", "s", {"p95": "histogram_quantile(0.95, sum by (le) (rate(aiops_recovery_seconds_bucket[24h])))"}),
        Panel("Incidents opened", "stat", "none", {"opened": "sum(increase(aiops_incidents_opened_total[24h]))"}),
        Panel("How incidents ended", "timeseries", "none", {"{{outcome}}": "sum by (outcome) (increase(aiops_incidents_closed_total[5m]))"}, 12, 7),
        Panel("Steps, by action", "timeseries", "none", {"{{action}} {{result}}": "sum by (action, result) (increase(aiops_steps_total[5m]))"}, 12, 7),
    )),
    Row("Why did it not act", (
        Panel("Decisions, by cause", "bargauge", "none", {"{{decision}}: {{cause}}": "sum by (decision, cause) (increase(aiops_decisions_total[24h]))"}, 12, 7),
        Panel("Messages that needed nothing", "bargauge", "none", {"{{reason}}": "sum by (reason) (increase(aiops_messages_dropped_total[24h]))"}, 6, 7),
        Panel("Held back by cooldown", "stat", "none", {"cooldown": "sum(increase(aiops_cooldowns_total[24h]))"}, 3, 7),
        Panel("Held back by a budget", "stat", "none", {"budget": "sum(increase(aiops_budget_refusals_total[24h])) or vector(0)"}, 3, 7),
    )),
    Row("What does it foresee", (
        Panel("Log alerts today", "stat", "none", {"alerts": "sum(increase(aiops_log_watch_alerts_total[24h])) or vector(0)"}),
        Panel("Warnings that were right", "stat", "percentunit", {"precision": "max(aiops_log_watch_precision_ratio)"}, about="of the last 20 scored"),
        Panel("Log watch behind", "stat", "s", {"late": "max(aiops_log_watch_lateness_seconds)"}, steps=[{"color": "green", "value": None}, {"color": "red", "value": 600}]),
        Panel("Lines read", "stat", "none", {"lines": "sum(increase(aiops_log_watch_lines_total[24h]))"}),
    )),
    Row("What does it cost", (
        Panel("Model calls today", "stat", "none", {"calls": "sum(increase(aiops_model_calls_total[24h])) or vector(0)"}),
        Panel("Model cost today", "stat", "currencyUSD", {"cost": "sum(increase(aiops_model_cost_dollars_total[24h]))"}),
        Panel("Verdicts left to the rules", "stat", "none", {"degraded": "sum(increase(aiops_model_degraded_total[24h])) or vector(0)"}),
        Panel("AWS calls a minute", "stat", "none", {"calls": "60 * sum(rate(aiops_aws_calls_total[5m]))"}),
    )),
)  # fmt: skip

HEALTH = (
    Row("Intake", (
        Panel("Receives, by result", "timeseries", "ops", {"{{result}}": "sum by (result) (rate(aiops_receives_total[5m]))"}, 8, 7),
        Panel("Messages", "timeseries", "ops", {"received": "sum(rate(aiops_messages_received_total[5m]))", "recorded": "sum(rate(aiops_messages_done_total[5m]))", "found their own incident": "sum(rate(aiops_messages_deduplicated_total[5m]))"}, 8, 7),
        Panel("In flight, and their age", "timeseries", "none", {"in flight": "sum(aiops_messages_in_flight)", "oldest, s": "max(aiops_queue_age_seconds)"}, 8, 7),
        Panel("Handler, 50 and 99 of 100", "timeseries", "s", {"p50": "histogram_quantile(0.5, sum by (le) (rate(aiops_handle_seconds_bucket[5m])))", "p99": "histogram_quantile(0.99, sum by (le) (rate(aiops_handle_seconds_bucket[5m])))"}, 8, 7),
        Panel("Event to receipt, 95 of 100", "timeseries", "s", {"p95": "histogram_quantile(0.95, sum by (le) (rate(aiops_event_delay_seconds_bucket[5m])))"}, 8, 7),
        Panel("What should not happen", "timeseries", "none", {"handler errors": "sum(increase(aiops_handler_errors_total[5m]))", "workflow errors": "sum(increase(aiops_workflow_errors_total[5m]))", "acknowledgements given up": "sum(increase(aiops_acknowledgement_failures_total[5m]))", "heartbeats failed": "sum(increase(aiops_heartbeat_failures_total[5m]))"}, 8, 7),
    )),
    Row("Workflow", (
        Panel("Recovery, 50 and 95 of 100", "timeseries", "s", {"p50": "histogram_quantile(0.5, sum by (le) (rate(aiops_recovery_seconds_bucket[5m])))", "p95": "histogram_quantile(0.95, sum by (le) (rate(aiops_recovery_seconds_bucket[5m])))"}, 8, 7),
        Panel("Transitions", "timeseries", "ops", {"{{state}}": "sum by (state) (rate(aiops_transitions_total[5m]))"}, 8, 7),
        Panel("Takeovers and fences", "timeseries", "none", {"taken over": "sum(increase(aiops_takeovers_total[5m]))", "stopped by the fence": "sum(increase(aiops_ownership_lost_total[5m]))"}, 8, 7),
        Panel("Notices", "timeseries", "none", {"{{channel}} {{result}}": "sum by (channel, result) (increase(aiops_notifications_total[5m]))"}, 8, 7),
        Panel("Notices not delivered yet", "timeseries", "none", {"pending": "sum(aiops_notifications_pending)"}, 8, 7),
        Panel("Verifications", "timeseries", "none", {"{{result}}": "sum by (result) (increase(aiops_verifications_total[5m]))"}, 8, 7),
    )),
    Row("AWS and process", (
        Panel("AWS calls, by service", "timeseries", "ops", {"{{service}}": "sum by (service) (rate(aiops_aws_calls_total[5m]))"}, 8, 7),
        Panel("AWS calls that failed", "timeseries", "ops", {"{{service}} {{result}}": 'sum by (service, result) (rate(aiops_aws_calls_total{result!="ok"}[5m])) or vector(0)'}, 8, 7),
        Panel("AWS call, 95 of 100", "timeseries", "s", {"{{service}}": "histogram_quantile(0.95, sum by (le, service) (rate(aiops_aws_call_seconds_bucket[5m])))"}, 8, 7),
        Panel("Event loop lag, 99 of 100", "timeseries", "s", {"p99": "histogram_quantile(0.99, sum by (le) (rate(aiops_event_loop_lag_seconds_bucket[5m])))"}, 8, 7),
        Panel("CPU", "timeseries", "percentunit", {"{{instance}}": "rate(process_cpu_seconds_total[5m])"}, 8, 7),
        Panel("Memory", "timeseries", "bytes", {"{{instance}}": "process_resident_memory_bytes"}, 8, 7),
        Panel("Version and mode", "stat", "none", {"{{version}} {{mode}}": "aiops_build_info"}, 8, 4),
    )),
)  # fmt: skip


def dashboard(uid: str, title: str, rows: tuple[Row, ...]) -> dict[str, object]:
    """Grafana's JSON: rows of a width of 24, filled from the left."""
    panels: list[dict[str, object]] = []
    top = 0
    for row in rows:
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": row.title, "collapsed": False, "gridPos": place(0, top, 24, 1), "panels": []}
        )
        top += 1
        left = tallest = 0
        for item in row.panels:
            if left + item.width > 24:
                left, top, tallest = 0, top + tallest, 0
            panels.append(panel(len(panels) + 1, item, place(left, top, item.width, item.height)))
            left, tallest = left + item.width, max(tallest, item.height)
        top += tallest
    return {
        "uid": uid, "title": title, "tags": ["aiops-daemon"], "schemaVersion": 39, "version": 1, "editable": False, "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"}, "timezone": "browser", "templating": {"list": []}, "annotations": {"list": []}, "panels": panels,
    }  # fmt: skip


def place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def panel(number: int, item: Panel, where: dict[str, int]) -> dict[str, object]:
    options: dict[str, object] = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    if item.kind == "stat":
        options |= {"colorMode": "background" if item.steps else "value", "graphMode": "area", "textMode": "auto"}
    if item.kind == "timeseries":
        options = {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    targets = [
        {"refId": chr(ord("A") + index), "expr": query, "legendFormat": legend, "datasource": SOURCE, "instant": item.kind != "timeseries",
         "range": item.kind == "timeseries"}
        for index, (legend, query) in enumerate(item.queries.items())
    ]  # fmt: skip
    defaults = {"unit": item.unit, "thresholds": {"mode": "absolute", "steps": item.steps or [{"color": "blue", "value": None}]}}
    return {
        "id": number, "type": item.kind, "title": item.title, "description": item.about, "datasource": SOURCE, "gridPos": where,
        "fieldConfig": {"defaults": defaults, "overrides": []}, "options": options, "targets": targets,
    }  # fmt: skip


def files() -> dict[str, str]:
    """File name -> text."""
    made = {"on-call": ("aiops-on-call", "AIOps: on call", ON_CALL), "health": ("aiops-health", "AIOps: the daemon's own health", HEALTH)}
    return {f"{name}.json": json.dumps(dashboard(*parts), indent=1) + "\n" for name, parts in made.items()}


def main() -> int:
    stale = [name for name, text in files().items() if not (FOLDER / name).is_file() or (FOLDER / name).read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        return 1 if stale else 0
    for name in stale:
        (FOLDER / name).write_text(files()[name], encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
