"""The product beside never-act and always-act on the judged events: a suite that never-act passes proves nothing.

usage: python tests/scenarios/score_baselines.py [FOLDER OF THE SCORER AND EVENTS]
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("AIOPS_SHARED", ROOT.parent / "shared"))  # noqa: TID251  # where the judged events are, for tests only
PRODUCT = (sys.executable, "-m", "aiops_daemon", "explain", "--output", "jsonl")
Figures = dict[str, float]


def score(shared: Path, *command: str) -> Figures:
    """One run of the scorer over the whole folder."""
    scorer = [sys.executable, str(shared / "tools" / "score_events.py"), "--events", str(shared / "events"), "--json", "--", *command]
    run = subprocess.run(scorer, capture_output=True, text=True, check=True, cwd=ROOT)
    figures: Figures = json.loads(run.stdout)
    return figures


def always(decision: str) -> tuple[str, ...]:
    """A command that decides the same for every body."""
    return (sys.executable, str(Path(__file__)), "--always", decision)


def _answer_all(decision: str, folder: Path) -> None:
    label = "FAILURE" if decision == "act" else "NORMAL"
    for file in sorted(folder.iterdir()):
        answer = {"file": file.name, "outcome": "incident", "classification": label, "decision": decision, "resource_ids": []}
        sys.stdout.write(json.dumps(answer) + "\n")


def main(arguments: list[str]) -> None:
    """Print the table, or be one of its baselines."""
    if arguments[:1] == ["--always"]:
        _answer_all(arguments[1], Path(arguments[2]))
        return
    shared = Path(arguments[0]) if arguments else SHARED
    rows = {"product": score(shared, *PRODUCT), "never-act": score(shared, *always("none")), "always-act": score(shared, *always("act"))}
    keys = ("type", "ids", "no ids invented", "label", "acted where wrong", "acted or asked where due", "asked where wrong", "seconds")
    sys.stdout.write(f"{'':26}" + "".join(f"{name:>12}" for name in rows) + "\n")
    for key in keys:
        sys.stdout.write(f"{key:26}" + "".join(f"{row[key]:>12}" for row in rows.values()) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
