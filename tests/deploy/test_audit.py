"""What the lock check and the audit say when the network is away, and that neither calls unchecked clean."""

import json
import shutil
from pathlib import Path

import pytest

from deploy import audit, locks
from tests.deploy.conftest import ROOT

GOOD = {"name": "good", "version": "1", "vulns": []}
BAD = {"name": "bad", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
UNKNOWN = {"name": "odd", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("code", "packages", "said", "verdict"),
    [
        (0, [UNKNOWN], "not checked: the service knows none of the 1 packages", 0),
        (0, [GOOD, UNKNOWN], "1 packages checked; not checked: odd", 0),
        (1, [GOOD, BAD], "bad 1: PYSEC-1, repaired in 2", 1),
    ],
)
def test_unknown_packages_are_not_called_clean(
    capsys: pytest.CaptureFixture[str], code: int, packages: list[object], said: str, verdict: int
) -> None:
    assert audit.report(code, json.dumps({"dependencies": packages}), "") == verdict
    assert said in capsys.readouterr().out


def test_a_service_that_is_away_fails_nothing_and_a_broken_tool_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.report(1, "", "pip_audit._service.interface.ConnectionError: could not connect") == 0
    assert "not checked: the service cannot be reached" in capsys.readouterr().out
    assert audit.report(2, "", "usage: pip-audit") == 2


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "README.md", *locks.LOCKS):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("complaint", "verdict", "said"),
    [
        ("error: Failed to fetch: `https://example.invalid/x/`", 0, "not checked: the package registry cannot be reached"),
        ("No solution found when resolving dependencies", 1, "requirements.lock is stale"),
    ],
)
def test_what_a_failed_compile_means(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], complaint: str, verdict: int, said: str
) -> None:
    monkeypatch.setattr(locks, "compile_in", lambda _folder, _name: complaint)
    assert locks.check(copy) == verdict
    assert said in "".join(capsys.readouterr())


@pytest.mark.parametrize("stale", locks.LOCKS)
def test_a_lock_that_compiles_to_something_else_is_stale(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stale: str
) -> None:
    def compiled(folder: Path, name: str) -> str:
        if name == stale:
            (folder / name).write_text("another==1\n")
        return ""

    monkeypatch.setattr(locks, "compile_in", compiled)
    assert locks.check(copy) == 1
    assert f"{stale} is stale" in capsys.readouterr().err
