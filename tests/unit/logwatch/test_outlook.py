"""The failure volume: configured or learned, kept over a restart, and gone when another one is configured."""

import pytest

from aiops_daemon.logwatch.baseline import DAY, HOUR
from aiops_daemon.logwatch.outlook import GroupOutlook


def learned(failure_per_hour: int | None = None, buckets: int = 2 * DAY) -> GroupOutlook:
    outlook = GroupOutlook(failure_per_hour)
    for bucket in range(buckets):
        outlook.look(bucket, 20 if bucket % 100 == 0 else 1)
    return outlook


def test_without_a_configured_volume_what_is_seldom_reached_is_a_failure() -> None:
    outlook = learned()
    assert outlook.threshold == 20
    assert outlook.forecaster is not None
    assert learned(buckets=DAY).threshold is None, "two days have to be seen"
    assert learned(failure_per_hour=24, buckets=1).threshold == 24 / HOUR, "what is configured is known at once"


@pytest.mark.parametrize(("rate", "growth", "lead"), [(10.0, 1.0, 3000), (10.0, 0.0, None), (20.0, 1.0, None), (0.0, 0.01, None)])
def test_the_time_that_is_left(rate: float, growth: float, lead: int | None) -> None:
    assert learned().lead_seconds(rate, growth) == lead


def test_a_restart_goes_on_with_what_was_learned() -> None:
    outlook, again = learned(), GroupOutlook()
    again.restore(outlook.to_state())
    for bucket in range(2 * DAY, 2 * DAY + 50):
        assert again.look(bucket, bucket % 7) == outlook.look(bucket, bucket % 7)


@pytest.mark.parametrize("buckets", [DAY, 2 * DAY])
def test_another_volume_that_is_configured_counts_from_the_restart_on(buckets: int) -> None:
    outlook, again = learned(buckets=buckets), GroupOutlook(failure_per_hour=60)
    again.restore(outlook.to_state())
    again.look(buckets, 1)
    assert again.threshold == 60 / HOUR
    assert again.forecaster is None, "nothing is said from what was learned of another volume"
    assert len(again.early) == len(outlook.early) + 1
    same = GroupOutlook(failure_per_hour=60)
    same.restore(learned(failure_per_hour=60).to_state())
    assert same.forecaster is not None
