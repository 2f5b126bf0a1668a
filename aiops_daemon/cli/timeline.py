"""One incident on the terminal: the seven steps with their states and times, the reasons, and the trail."""

from itertools import pairwise

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aiops_daemon.model.incident import Incident, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.workflow.notices import compose

STAGES = ("detect", "analyze", "plan", "execute", "verify", "notify", "learn")
_OF_STATE = {
    State.DETECTING: "detect", State.ANALYZING: "analyze", State.PLANNING: "plan", State.AWAITING_APPROVAL: "plan",
    State.EXECUTING: "execute", State.ROLLING_BACK: "execute", State.VERIFYING: "verify",
}  # fmt: skip
_BAD_ENDS = {State.FAILED, State.ROLLED_BACK, State.QUARANTINED}


def stages(incident: Incident) -> list[tuple[str, str, float | None]]:
    """(step, done|running|waiting|skipped|failed, seconds) for the seven steps."""
    spent: dict[str, float] = {}
    for entry, following in pairwise(incident.audit):
        stage = _OF_STATE.get(entry.state)
        if stage is not None:
            spent[stage] = spent.get(stage, 0.0) + (following.at - entry.at).total_seconds()
    rows: list[tuple[str, str, float | None]] = []
    broken = next((_OF_STATE[e.state] for e in reversed(incident.audit) if e.state in _OF_STATE), None)
    broken = broken if incident.workflow_state in _BAD_ENDS else None
    current = _OF_STATE.get(incident.workflow_state)
    for stage in STAGES[:5]:
        now = "waiting" if incident.owner is None else "running"
        status = now if stage == current else "failed" if stage == broken else "done" if stage in spent else "skipped"
        rows.append((stage, status, spent.get(stage)))
    told = list(incident.outbox.values())
    notified = "skipped" if not told else "done" if all(entry.delivered for entry in told) else "waiting"
    return [*rows, ("notify", notified, None), ("learn", "done" if incident.terminal else "waiting", None)]


def render(incident: Incident) -> None:
    """Print it."""
    console = Console(highlight=False)
    notice = compose(incident, NoticeKind.RECOVERED)
    steps = "  ".join(
        f"{name} {status}" + (f" {seconds:.1f}s" if seconds is not None else "") for name, status, seconds in stages(incident)
    )
    console.print(escape(steps))
    facts = Table(box=None, show_header=False, pad_edge=False)
    for label, value in notice.facts:
        facts.add_row(f"[bold]{escape(label)}[/bold]", escape(value))
    console.print(facts)
    trail = Table(box=None, pad_edge=False)
    for heading in ("at (UTC)", "state", "s", "what"):
        trail.add_column(heading)
    for row in notice.timeline:
        trail.add_row(row.at[11:23], row.state, "" if row.seconds is None else f"{row.seconds:.2f}", escape(row.note))
    console.print(trail)
    for entry in incident.outbox.values():
        state = "delivered" if entry.delivered else f"not delivered after {entry.attempts} attempt(s): {entry.last_error}"
        console.print(escape(f"notice {entry.notice_id} -> {entry.channel}: {state}"))
