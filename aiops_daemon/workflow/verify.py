"""VERIFYING: an independent look at the resource (or its replacement), a soak, three tries."""

from datetime import datetime, timedelta

from aiops_daemon.model.event import Frozen
from aiops_daemon.model.incident import State
from aiops_daemon.model.plan import Effect, Health, HealthStatus, Plan
from aiops_daemon.workflow.run import Run
from aiops_daemon.workflow.steps import step_results


class Looks(Frozen):
    """results["verify"]: how often we looked, since when it is healthy, and what we saw last."""

    tries: int = 0
    since: datetime
    healthy_since: datetime | None = None
    last: Health | None = None


async def verify(run: Run, plan: Plan, failure: str) -> Health | None:
    """Health after the recovery; None where the steps failed already."""
    if failure or run.state is State.ROLLING_BACK:
        looks = run.result("verify", Looks)
        return looks.last if looks else None
    if all(step.effect is Effect.NONE for step in plan.steps):
        return Health(status=HealthStatus.UNKNOWN, detail="nothing was changed, so there is nothing to verify")
    probe = run.tools.probes.get(run.event.resource.type)
    if probe is None:
        return Health(status=HealthStatus.UNKNOWN, detail=f"no probe for {run.event.resource.type}: not verified")
    settings = run.tools.settings
    while True:
        looks = run.result("verify", Looks) or Looks(since=run.tools.clock.now())
        health = await probe.look(run.tools.clients, run.event, step_results(run, plan))
        now = run.tools.clock.now()
        run.tools.metrics.incidents.verifications.labels(health.status).inc()
        if health.status is HealthStatus.HEALTHY:
            since = looks.healthy_since or now
            if (now - since).total_seconds() >= settings.soak_seconds:
                return health
            await _note(run, looks.model_copy(update={"healthy_since": since, "last": health}), f"healthy: {health.detail}; soaking")
            await run.wait(settings.soak_seconds - (now - since).total_seconds(), "soak")
            continue
        pending = health.status is HealthStatus.PENDING and now - looks.since < timedelta(seconds=settings.verify_pending_seconds)
        looks = looks.model_copy(update={"tries": looks.tries + (not pending), "healthy_since": None, "last": health})
        await _note(run, looks, f"look {looks.tries} of {settings.verify_attempts}: {health.status}: {health.detail}")
        if looks.tries >= settings.verify_attempts:
            partial = health.status in {HealthStatus.PARTIAL, HealthStatus.UNKNOWN}
            return health if partial else health.model_copy(update={"status": HealthStatus.UNHEALTHY})
        await run.wait(settings.verify_interval_seconds, "looking again")


async def _note(run: Run, looks: Looks, note: str) -> None:
    await run.move(State.VERIFYING, note, results={"verify": looks.model_dump(mode="json")})
