"""Other people's events with judged answers (../shared/events): what the daemon would do with each, scored. Skipped where they are absent.

never-act and always-act stand beside it: a suite that either of them passes would prove nothing.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("AIOPS_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
pytestmark = pytest.mark.skipif(not (SHARED / "events" / "index.jsonl").exists(), reason="the judged events are not on this machine")
EXPLAIN = [sys.executable, "-m", "aiops_daemon", "explain", "--output", "jsonl"]


def figures(*command: str) -> dict[str, float]:
    scorer = SHARED / "tools" / "score_events.py"
    run = subprocess.run([sys.executable, str(scorer), "--json", "--", *command], capture_output=True, text=True, check=True, timeout=60)
    return dict(json.loads(run.stdout.splitlines()[0]))


@pytest.fixture(scope="module")
def ours() -> dict[str, float]:
    return figures(*EXPLAIN)


def baseline(decision: str) -> dict[str, float]:
    """An agent that decides the same whatever it is shown."""
    program = (
        "import json,pathlib,sys\n"
        "for p in pathlib.Path(sys.argv[1]).iterdir():\n"
        f" print(json.dumps({{'file': p.name, 'outcome': 'incident', 'resource_ids': [], 'decision': {decision!r}}}))"
    )
    return figures(sys.executable, "-c", program)


@pytest.mark.parametrize(
    ("figure", "least"), [("type", 97), ("ids", 95), ("no ids invented", 100), ("label", 85), ("acted or asked where due", 90)]
)
def test_at_least(ours: dict[str, float], figure: str, least: float) -> None:
    assert ours[figure] >= least, ours


@pytest.mark.parametrize(("figure", "most"), [("acted where wrong", 0), ("asked where wrong", 25), ("exit", 0)])
def test_at_most(ours: dict[str, float], figure: str, most: float) -> None:
    assert ours[figure] <= most, ours


def test_every_body_has_an_answer(ours: dict[str, float]) -> None:
    assert ours["answered"] == ours["bodies"] == 333


def test_an_agent_that_never_acts_fails() -> None:
    assert baseline("none")["acted or asked where due"] == 0


def test_an_agent_that_always_acts_fails() -> None:
    assert baseline("act")["acted where wrong"] == 215
