"""Warnings are scored, and a pattern that keeps crying wolf is muted until it is right again."""

from aiops_daemon.logwatch.findings import Alert, Finding, Kind, Urgency
from aiops_daemon.logwatch.predictions import Outcome, PredictionLedger


def alert(number: int, at: int, kind: Kind = Kind.RAMP, probability: float | None = None, template: str = "t1") -> Alert:
    finding = Finding(at, "g", kind, "pool <*> is full", template, 9, 1.0, 5.0, at - 300, 0)
    return Alert(f"a{number}", at, [finding], Urgency.NORMAL, groups=["g"], probability=probability)


def test_hit_false_and_prevented_with_lead_and_brier() -> None:
    ledger = PredictionLedger()
    for number, at in enumerate((0, 10_000, 20_000)):
        assert ledger.made(alert(number, at, probability=0.8)) is not None
    assert ledger.made(alert(0, 0)) is None, "each alert once"
    assert ledger.made(alert(9, 0, Kind.SILENCE)) is None, "a silence foresees nothing"
    assert [p.alert_id for p in ledger.failed("g", 1_800)] == ["a0"]
    assert ledger.failed("other", 10_100) == []
    ledger.acted("a2")
    assert [p.outcome for p in ledger.expire(30_000, {"g": 30_000})] == [Outcome.FALSE, Outcome.PREVENTED]
    record = ledger.record()
    assert (record.scored, record.right, record.prevented, record.median_lead_seconds) == (3, 1, 1, 1_800)
    assert record.precision == 2 / 3
    assert record.brier is not None
    assert abs(record.brier - (0.04 + 0.64) / 2) < 1e-9
    assert str(record) == "my last 3 warnings: 1 right, 1 acted on in time, median 30 minutes early"


def test_a_pattern_that_cries_wolf_is_muted_and_comes_back() -> None:
    ledger = PredictionLedger(mute_after=5)
    for number in range(5):
        made = alert(number, number * 10_000)
        ledger.made(made)
        assert not made.muted
        ledger.expire(number * 10_000 + 5_000, {"g": number * 10_000 + 5_000})
    muted = alert(5, 50_000)
    ledger.made(muted)
    assert muted.muted
    for number in range(5, 10):
        ledger.made(alert(number, number * 10_000))
        ledger.failed("g", number * 10_000 + 60)
    right_again = alert(10, 100_000)
    ledger.made(right_again)
    assert not right_again.muted


def test_nothing_scored_says_so() -> None:
    record = PredictionLedger().record()
    assert record.precision is None
    assert record.brier is None
    assert str(record) == "no warning has been scored yet"


def test_what_has_not_been_judged_yet_is_not_false() -> None:
    ledger = PredictionLedger()
    ledger.made(alert(0, 1_000))
    assert ledger.expire(20_000, {"g": 2_000}) == [], "the hour is over, but its lines have not been read"
    (hit,) = ledger.failed("g", 2_500)  # the catch-up finds it
    assert hit.outcome is Outcome.HIT
    ledger.made(alert(1, 30_000))
    (gone,) = ledger.expire(30_000 + 3_600 + 86_401, {"g": 30_000})
    assert gone.outcome is Outcome.FALSE, "a group that is gone is not waited for for ever"


def test_a_level_is_no_pattern_that_can_be_muted() -> None:
    ledger = PredictionLedger(mute_after=2)
    for number in range(6):
        made = alert(number, number * 10_000, template="level:ERROR")
        ledger.made(made)
        assert not made.muted
        ledger.expire(number * 10_000 + 5_000, {"g": number * 10_000 + 5_000})


def test_a_total_whose_template_was_found_counts_for_the_template() -> None:
    ledger = PredictionLedger(mute_after=2)
    for number in range(2):
        ledger.made(alert(number, number * 10_000, template="level:ERROR"))
        ledger.named(alert(number, number * 10_000))
        ledger.expire(number * 10_000 + 5_000, {"g": number * 10_000 + 5_000})
    muted = alert(2, 20_000)
    ledger.made(muted)
    assert muted.muted
    ledger.named(alert(2, 20_000, template="level:ERROR"))
    assert ledger.predictions[-1].pattern == "g\nt1", "never the other way round"
