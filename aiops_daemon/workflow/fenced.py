"""The fence in front of each call of an action: a process that was paused in the middle of a step must not act for its successor.

The intent's conditional write comes before the step's first call, but a step makes several, and a process may sleep between them for
longer than its lease (SIGSTOP, a suspended machine). Its own clock tells; no call is added while the lease is fresh.
"""

import inspect
from typing import Any

from aiops_daemon.workflow.run import Run


class Fenced:
    """An AWS client. A call late in the lease renews it first, which raises LostOwnership where somebody else has taken over."""

    def __init__(self, client: Any, run: Run) -> None:
        self._client = client
        self._run = run

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def call(**parameters: Any) -> Any:
            await still_ours(self._run)
            return await method(**parameters)

        return call


async def still_ours(run: Run) -> None:
    """Raises LostOwnership where another worker has taken over."""
    lease, due = run.tools.journal.lease, run.held.due_at
    if due is None or due - run.tools.clock.now() < lease / 3:
        await run.tools.journal.renew(run.held)
