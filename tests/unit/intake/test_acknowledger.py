import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from aiops_daemon.intake.acknowledger import Acknowledger, Batcher
from aiops_daemon.intake.messages import Message
from aiops_daemon.intake.queue import Queue, Refused
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.model.errors import NotPermitted, RetryLater
from aiops_daemon.telemetry.metrics import Metrics
from tests.doubles.virtual_time import LoopClock, run_virtual

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def message(number: int) -> Message:
    return Message(str(number), "", f"{number}#1", 1, NOON, "", NOON)


class Scripted(Queue):
    """Answers deletes as the script says, then with success; keeps what was asked."""

    def __init__(self, *script: Callable[[], list[Refused]]) -> None:
        super().__init__(None, None, IntakeSettings(queue_url="q"), LoopClock())
        self.script = list(script)
        self.asked: list[list[str]] = []

    async def delete(self, messages: Sequence[Message]) -> list[Refused]:
        self.asked.append([each.message_id for each in messages])
        return self.script.pop(0)() if self.script else []


def fails(error: Exception) -> Callable[[], list[Refused]]:
    def answer() -> list[Refused]:
        raise error

    return answer


def delete_three(queue: Scripted, attempts: int = 3) -> tuple[float, str | None]:
    """Deletes messages 0, 1, 2; what was given up, and the problem."""
    metrics = Metrics()

    async def main() -> str | None:
        async with asyncio.TaskGroup() as tasks:
            settings = IntakeSettings(acknowledge_attempts=attempts)
            acknowledger = Acknowledger(queue, settings, LoopClock(), metrics.intake, tasks, random.Random(1))
            for number in range(3):
                acknowledger.delete(message(number))
            await acknowledger.drain()
            return acknowledger.problem

    problem = run_virtual(main())
    return metrics.registry.get_sample_value("aiops_acknowledgement_failures_total") or 0.0, problem


def test_only_what_failed_is_tried_again() -> None:
    queue = Scripted(lambda: [Refused(1, "InternalError", final=False)])
    assert delete_three(queue) == (0, None)
    assert queue.asked == [["0", "1", "2"], ["1"]]


def test_our_own_fault_is_not_tried_again() -> None:
    queue = Scripted(lambda: [Refused(0, "ReceiptHandleIsInvalid", final=True), Refused(2, "InternalError", final=False)])
    assert delete_three(queue) == (1, None)
    assert queue.asked == [["0", "1", "2"], ["2"]]


def test_a_call_that_fails_is_tried_again_and_then_given_up() -> None:
    queue = Scripted(*[fails(RetryLater("no answer"))] * 3)
    assert delete_three(queue) == (3, None)
    assert queue.asked == [["0", "1", "2"]] * 3


def test_a_forbidden_call_is_a_problem_at_once() -> None:
    queue = Scripted(fails(NotPermitted("AccessDenied")))
    assert delete_three(queue) == (3, "cannot delete: AccessDenied")
    assert len(queue.asked) == 1


def test_entries_wait_for_company_but_not_long() -> None:
    sent: list[tuple[float, list[int]]] = []

    async def send(entries: list[int]) -> None:
        sent.append((asyncio.get_running_loop().time(), entries))
        await asyncio.sleep(10)  # overlaps with the next

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            batcher = Batcher(send, 0.1, tasks)
            for number in range(13):
                batcher.add(number)
            await asyncio.sleep(1)
            batcher.add(13)
            await batcher.drain()
            assert asyncio.get_running_loop().time() == 11
            batcher.add(14)
            batcher.close()
            await asyncio.sleep(1)

    run_virtual(main())
    assert sent == [(0.0, list(range(10))), (0.1, [10, 11, 12]), (1.0, [13])]
