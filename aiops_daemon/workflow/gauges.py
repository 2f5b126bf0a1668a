"""Keeps the gauges of the shared guard rails true while nothing happens: a breaker that somebody closed, a switch that somebody set.

They are also set where the workflow meets them; this is for the minutes in between. A dozen small reads a minute and task.
"""

import asyncio

from aiops_daemon.incidents.guards import Budget
from aiops_daemon.model.errors import AiopsError
from aiops_daemon.model.incident import State
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.workflow.rails import switched_off
from aiops_daemon.workflow.run import Tools

INTERVAL_SECONDS = 60.0
MOST_APPROVALS = 500  # counted; more are shown as this many
log = logger("gauges")


class GuardGauges:
    """A background task of the daemon. Where it cannot read it warns once, and calls the switch engaged, as nothing runs then."""

    def __init__(self, tools: Tools, account: str) -> None:
        self._tools = tools
        self._account = account
        self._warned = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                await self.look()
                self._warned = False
            except (AiopsError, ValueError, KeyError, TypeError) as error:  # or somebody edited an item by hand
                if not self._warned:
                    log.warning(LogEvent.GUARDS_UNREADABLE, reason=f"{type(error).__name__}: {error}")
                self._warned = True
            try:
                async with asyncio.timeout(INTERVAL_SECONDS):
                    await stop.wait()
            except TimeoutError:
                pass

    async def look(self) -> None:
        """Read each rail once and set its gauge."""
        tools, guards = self._tools, self._tools.metrics.guards
        tools.metrics.notifications.forget(tools.clock.monotonic())
        await switched_off(tools)
        for action_id in sorted(tools.actions.keys() & set(tools.policy.allowed_actions)):
            state = await tools.breaker.look(action_id)
            guards.breaker.labels(action_id).set(state.open_since is not None)
        guards.budget_used.labels("account").set(await _fullest(tools.recoveries, self._account))
        if tools.model is not None:
            guards.budget_used.labels("model-calls").set(await _fullest(tools.model_calls, "fleet"))
            guards.budget_used.labels("model-cost").set(await tools.model_money.used())
        waiting = await tools.history.count(State.AWAITING_APPROVAL, MOST_APPROVALS)
        tools.metrics.incidents.approvals_pending.set(waiting)


async def _fullest(budget: Budget, home: str) -> float:
    """Of the budgets of all accounts that this process has seen: the one that is nearest to its end."""
    return max([await budget.used(scope) for scope in sorted({home, *budget.scopes})])
