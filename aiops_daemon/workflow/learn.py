"""COMPLETED: the cooldown starts, the outcome joins the history, everybody is told. One write, then the outbox."""

from pydantic import JsonValue

from aiops_daemon.model.incident import Outcome, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.plan import Health, HealthStatus, Plan
from aiops_daemon.workflow.rails import settle_rails
from aiops_daemon.workflow.run import Run


async def conclude(run: Run, plan: Plan, health: Health | None) -> None:
    """The honest outcome: verified only where a probe saw it."""
    verified = health is not None and health.status is HealthStatus.HEALTHY
    if run.state is not State.VERIFYING:
        await run.move(State.VERIFYING, health.detail if health else "nothing to verify")
    page, opened = await settle_rails(run, good=verified or health is None or health.status is not HealthStatus.UNHEALTHY)
    did = ", ".join(step.action_id for step in plan.steps)
    outcome = Outcome.VERIFIED if verified else Outcome.PARTIAL
    note = f"{did}: {outcome}: {health.detail if health else ''}"
    replaced: dict[str, JsonValue] = {"replacement": health.resource_id} if health and health.resource_id else {}
    await run.end(State.COMPLETED, note, outcome, notice=NoticeKind.RECOVERED, success=verified, results=replaced | opened, also=page)
