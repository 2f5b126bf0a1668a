"""One call of one action: what it may know, its token, its retries and its time limit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from aiops_daemon.model.errors import GiveUp, InvalidInput, NeedsHuman, NotFound, RetryLater
from aiops_daemon.model.event import Resource
from aiops_daemon.model.plan import Effect, Failed, Progress, Step, Unsure
from aiops_daemon.workflow.fenced import Fenced
from aiops_daemon.workflow.run import Run


@dataclass(frozen=True, slots=True)
class StepCall:
    """Implements ports.ActionCall."""

    incident_id: str
    token: str
    resource: Resource
    account: str
    region: str
    parameters: Mapping[str, JsonValue]
    started_at: datetime
    once: bool  # what cannot be taken back is not repeated by the SDK either
    run: Run

    async def client(self, service: str) -> Any:
        return Fenced(await self.run.tools.clients.client(service, region=self.region, account=self.account, once=self.once), self.run)


def call_for(run: Run, step: Step, started_at: datetime) -> StepCall:
    """The token depends on incident and step only: whoever runs the step again uses the same one."""
    return StepCall(
        incident_id=run.incident.incident_id,
        token=f"{run.incident.incident_id}-{step.id}",
        resource=step.resource,
        account=step.account,
        region=step.region,
        parameters=step.parameters,
        started_at=started_at,
        once=step.effect is Effect.DESTRUCTIVE,
        run=run,
    )


async def attempt(
    run: Run,
    limit_seconds: float,
    effect: Callable[[], Awaitable[Progress]],
    *,
    tries: int | None = None,
    fresh: bool = False,
    halted: Callable[[], Awaitable[object]] | None = None,
) -> Progress | None:
    """Try while the error says that it may succeed later; every other error becomes a Progress that says what to do.

    `fresh`: nobody called before. Only then does a first answer of "no such thing" or "invalid" say that nothing was touched.
    `halted` is asked before each further try of what has an effect; where it says so (the kill switch was set since), the answer is None.
    """
    called = 0
    try:
        async with asyncio.timeout(limit_seconds):
            async for one_try in _patiently(run, tries):
                with one_try:
                    if called and halted is not None and await halted():
                        return None
                    called += 1
                    return await effect()
        raise AssertionError("tenacity gave up without an error")
    except TimeoutError:
        return Failed(reason=f"no answer within {limit_seconds:.0f} s", retryable=True)
    except RetryLater as error:
        return Failed(reason=str(error), retryable=True)
    except NeedsHuman as error:
        return Unsure(reason=str(error))
    except GiveUp as error:
        return Failed(reason=str(error), untouched=fresh and called == 1 and isinstance(error, NotFound | InvalidInput))


_LATER = retry_if_exception_type(RetryLater)


def _patiently(run: Run, tries: int | None) -> AsyncRetrying:
    settings = run.tools.settings
    return AsyncRetrying(
        retry=_LATER,
        stop=stop_after_attempt(tries or settings.step_attempts),
        wait=wait_random_exponential(multiplier=settings.retry_base_seconds, max=settings.retry_limit_seconds),
        sleep=run.tools.clock.sleep,
        reraise=True,
    )
