"""What an alert says about its cause without a model."""

from dataclasses import replace

import pytest

from aiops_daemon.logwatch.advice import advice
from aiops_daemon.logwatch.findings import Alert, Deploy, Finding, Kind, Urgency


def alert(text: str, kind: Kind = Kind.SPIKE) -> Alert:
    cause = Finding(0, "/shop", kind, "(level ERROR)", "level:ERROR", 9, 1.0, 5.0, 0, 0, samples=(text,))
    return Alert("log-1", 0, [cause], Urgency.NORMAL)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("ERROR connection pool of orders-db exhausted after 30000 ms", "connections are held"),
        ("FATAL: sorry, too many connections for role app", "connections are held"),
        ("java.lang.OutOfMemoryError: Java heap space", "memory runs out"),
        ("write failed: No space left on device", "full"),
        ("x509: certificate has expired or is not yet valid", "certificate"),
        ("ThrottlingException: Rate exceeded", "limit"),
        ("AccessDenied: not authorized to perform s3:GetObject", "permission"),
        ("Deadlock found when trying to get lock", "wait for each other"),
        ("connect to payments:443: Connection refused", "does not answer"),
        ("upstream answered 503", "does not answer"),
        ("request to payments timed out after 3000 ms", "slow"),
        ("unexpected end of basket", "not known"),
    ],
)
def test_what_the_lines_complain_about(line: str, cause: str) -> None:
    why, first = advice(alert(line))
    assert cause in why
    assert first


def test_a_release_comes_before_words_and_a_silence_has_none() -> None:
    pool = alert("connection pool exhausted")
    assert advice(replace(pool, deploy=Deploy(0, "orders 1.4")))[0] == "the release before it: orders 1.4"
    assert "nothing writes" in advice(alert("connection pool exhausted", Kind.SILENCE))[0]
    assert "less comes in" in advice(alert("", Kind.DROP))[0]
