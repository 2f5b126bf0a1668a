"""One seed of the chaos run: what must hold, never how long it takes. `make chaos` runs longer, `--seeds 20` by hand."""

import pytest

from tests.chaos.story import FLEET, Story

SEED, SECONDS = 3, 9.0


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_three_daemons_under_fire_lose_nothing_and_do_nothing_twice() -> None:
    story = Story(SEED, SECONDS)
    report = await story.tell()
    assert not report.broken, report.line()
    assert report.kills + report.stops >= FLEET
    assert report.recoveries
    assert report.faults.total() > 10 * FLEET
