"""Keeps the gauges of the shared guard rails true while nothing happens: a breaker that somebody closed, a switch that somebody set.

They are also set where the workflow meets them; this is for the minutes in between. A dozen small reads a minute and task.
"""

import asyncio

from aiops_daemon.incidents.budgets import Budget
from aiops_daemon.model.errors import AiopsError
from aiops_daemon.model.incident import State
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.telemetry.minute import every_minute
from aiops_daemon.workflow.rails import switched_off
from aiops_daemon.workflow.run import Tools

MOST_APPROVALS = 500  # counted; more are shown as this many
log = logger("gauges")


class GuardGauges:
    """A background task of the daemon. Where it cannot read it warns once, and calls the switch engaged, as nothing runs then."""

    def __init__(self, tools: Tools, account: str) -> None:
        self._tools = tools
        self._account = account

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""

        def blind(error: Exception) -> None:
            log.warning(LogEvent.GUARDS_UNREADABLE, reason=f"{type(error).__name__}: {error}")

        by_hand = (ValueError, KeyError, TypeError)  # somebody edited an item
        await every_minute(self.look, stop, blind=blind, errors=(AiopsError, *by_hand))

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
