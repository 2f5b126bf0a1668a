"""What excuses a rise or a fall: the same at this hour on earlier days, never what is going on now."""

import numpy as np

from aiops_daemon.logwatch.baseline import DAY, F32, HOUR
from aiops_daemon.logwatch.memory import HourMemory

MONDAY = 4 * DAY  # the epoch was a Thursday
NOON = 12 * HOUR
EVEN = np.full(168, 120.0, dtype=np.float32)


def remember(buckets: dict[int, float], usual: float, until: int) -> HourMemory:
    """One series that writes `usual` lines a bucket from the first Monday on, except in `buckets`."""
    memory = HourMemory()
    memory.add(1)
    for bucket in range(MONDAY, until):
        memory.observe(bucket, np.array([buckets.get(bucket, usual)]), np.zeros(1, dtype=np.bool_))
    return memory


def burst_is_usual(memory: HourMemory, bucket: int, now: int, peak: float) -> bool:
    return memory.usual_rise(0, bucket, now, peak, peak, wide=False, young=False, profile=EVEN)


def test_a_job_that_ran_on_two_earlier_days_is_usual_and_a_new_one_is_not() -> None:
    job = MONDAY + 9 * DAY + NOON
    jobs = {job - DAY: 100.0, job - 2 * DAY: 90.0}
    assert burst_is_usual(remember(jobs, 1, job), job, job, 100)
    assert not burst_is_usual(remember({}, 1, job), job, job, 100)


def test_a_nightly_job_varies_fourfold_after_five_nights_and_not_before() -> None:
    job = MONDAY + 9 * DAY + NOON
    nights = {job - back * DAY: 40.0 for back in range(1, 7)}
    assert burst_is_usual(remember(nights, 1, job), job, job, 150)
    assert not burst_is_usual(remember(nights, 1, job), job, job, 170)
    few = {job - back * DAY: 40.0 for back in (1, 2)}
    assert not burst_is_usual(remember(few, 1, job), job, job, 150)


def test_a_job_whose_size_is_anything_is_known_by_running_every_night() -> None:
    job = MONDAY + 9 * DAY + NOON
    sizes = dict(zip([job - back * DAY for back in range(1, 7)], [31.0, 41.0, 25.0, 40.0, 32.0, 86.0], strict=True))
    assert burst_is_usual(remember(sizes, 1, job), job, job, 275)
    assert not burst_is_usual(remember(sizes, 9, job), job, job, 275)  # too small beside the rest of the hour to be sure of a job
    del sizes[job - DAY], sizes[job - 2 * DAY]
    assert not burst_is_usual(remember(sizes, 1, job), job, job, 275)


def test_two_series_that_become_one_remember_for_both() -> None:
    memory = HourMemory()
    memory.add(2)
    for bucket in range(MONDAY, MONDAY + HOUR):
        memory.observe(bucket, np.array([3.0, 4.0]), np.zeros(2, dtype=np.bool_))
    memory.absorb(1, 0)
    assert memory.lines[0, 0] == 7 * HOUR
    assert memory.lines[0, 1] == -1, "not known to either"


def test_a_burst_is_compared_at_its_own_hour_even_hours_later() -> None:
    job = MONDAY + 9 * DAY + NOON
    now = job + 2 * HOUR
    jobs = {job: 100.0, job - DAY: 100.0, job - 2 * DAY: 90.0}
    assert burst_is_usual(remember(jobs, 1, now), job, now, 100)


def test_a_burst_does_not_excuse_itself_once_its_hour_is_stored() -> None:
    burst = MONDAY + 9 * DAY + NOON
    now = burst + 2 * HOUR
    assert not burst_is_usual(remember({burst: 100.0}, 1, now), burst, now, 100)


def test_a_drop_does_not_excuse_itself_in_its_second_hour() -> None:
    start = MONDAY + 9 * DAY + NOON
    now = start + HOUR + 6
    memory = remember(dict.fromkeys(range(start, now), 2.0), 10, now)
    assert not memory.usual_fall(0, now, 24, EVEN)


def test_a_busy_week_excuses_no_rise_on_a_quiet_saturday() -> None:
    saturday = MONDAY + 12 * DAY + NOON
    quiet = {b: 3.0 for b in range(MONDAY, saturday) if (b - MONDAY) // DAY % 7 >= 5}
    memory = remember(quiet, 10, saturday)
    known = EVEN.copy()
    known[5 * 24 :] = 36

    def usual(lines: float, profile: F32) -> bool:
        return memory.usual_rise(0, saturday, saturday, lines / HOUR, lines, wide=True, young=False, profile=profile)

    assert not usual(100, known)
    assert usual(40, known)
    assert usual(100, EVEN), "as long as nobody knows of weekends"


def test_a_quiet_weekend_excuses_no_drop_on_monday() -> None:
    monday = MONDAY + 7 * DAY + NOON
    weekend = dict.fromkeys(range(MONDAY + 5 * DAY, MONDAY + 7 * DAY), 3.0)
    memory = remember(weekend, 10, monday)
    known = EVEN.copy()
    known[5 * 24 :] = 36
    assert not memory.usual_fall(0, monday, 36, known)
    assert memory.usual_fall(0, monday, 36, EVEN)  # as long as nobody knows of weekends, two such days are a season


def test_hours_without_traffic_say_nothing_about_a_fall() -> None:
    noon = MONDAY + 9 * DAY + NOON
    quiet = {bucket: 0.0 for bucket in range(MONDAY, noon) if bucket % DAY // HOUR == 11}
    known = EVEN.copy()
    known[11::24] = 1
    assert not remember(quiet, 10, noon).usual_fall(0, noon, 20, known)
