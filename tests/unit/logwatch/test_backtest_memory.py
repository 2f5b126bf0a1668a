"""Lines go through and are let go: how many are held at once does not depend on how many there are."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from aiops_daemon.logwatch import lines as log_lines
from aiops_daemon.logwatch.analysis import LogAnalysis
from aiops_daemon.logwatch.backtest import BATCH, Backtest, read_events
from aiops_daemon.logwatch.lines import Line
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.logwatch.templates import TemplateMiner

START_MS = 1_767_571_200_000


@dataclass
class Alive:
    now: int = 0
    most: int = 0


def counting(alive: Alive) -> type[Line]:
    """Lines that say when they come and go."""

    class Counted(Line):
        def __post_init__(self) -> None:
            alive.now += 1
            alive.most = max(alive.most, alive.now)

        def __del__(self) -> None:
            alive.now -= 1

    return Counted


def lines(count: int, form: str) -> Iterator[str]:
    """`count` lines five a second, each with an id of its own; every tenth goes on in a second line."""
    for i in range(count):
        at = START_MS + i * 200
        if form == "json":
            yield f'{{"timestamp": {at}, "message": "INFO order {i} placed for customer c-{i * 7919}"}}'
        else:
            seconds = at // 1000 - START_MS // 1000
            yield f"2026-01-05T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z INFO order {i} placed by c-{i * 7919}"
            if i % 10 == 0:
                yield "\tat shop.Orders.place(Orders.java:1)"


def run(count: int, form: str) -> int:
    settings = LogWatchSettings()
    work = Backtest(LogAnalysis(settings, miner=lambda: TemplateMiner(settings.max_templates), redact=str))
    list(work.run(read_events(lines(count, form), "g", 2026)))
    return work.lines


@pytest.mark.parametrize("form", ["json", "plain"])
def test_a_few_batches_of_lines_are_held_however_many_there_are(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    most = {}
    for count in (20_000, 60_000):
        alive = Alive()
        monkeypatch.setattr(log_lines, "Line", counting(alive))
        assert run(count, form) == count
        assert alive.now < BATCH, "let go at the end"
        most[count] = alive.most
    assert most[20_000] <= 3 * BATCH
    assert most[60_000] <= 3 * BATCH
