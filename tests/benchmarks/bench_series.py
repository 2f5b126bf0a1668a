"""Ours beside EWMA, z-score and windowed Gaussian on the open half of the Numenta benchmark, in one run.

    python tests/benchmarks/bench_series.py [--json] [--shared DIR]

The three references get the threshold that suits them best on these very files, ours its fixed one. Needs the shared
series and their scorer; says so and leaves where they are absent.
"""

import argparse
import json
import math
import re
import subprocess
import sys
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from aiops_daemon.logwatch.series import THRESHOLD, SeriesScorer

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
WINDOW = 288
WARM = 24


def _score(deviations: float) -> float:
    """Into [0, 1) without ties at the top, so that any number of deviations can be the threshold."""
    return abs(deviations) / (abs(deviations) + 3.0)


def ours(times: list[str], values: list[float]) -> list[float]:
    scorer = SeriesScorer()
    seconds = (datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in times)
    return [scorer.update(at, value) for at, value in zip(seconds, values, strict=True)]


def ewma(times: list[str], values: list[float], span: float = 24.0) -> list[float]:
    """Distance from an exponential mean in exponential standard deviations."""
    mean, variance = values[0], 0.0
    scores: list[float] = []
    for value in values:
        error = value - mean
        scores.append(_score(error / math.sqrt(variance)) if variance > 0.0 and len(scores) >= WARM else 0.0)
        mean += error / span
        variance = (1.0 - 1.0 / span) * (variance + error * error / span)
    return scores


def z_score(times: list[str], values: list[float]) -> list[float]:
    """Distance from the mean of everything seen (Welford)."""
    mean, squares = 0.0, 0.0
    scores: list[float] = []
    for count, value in enumerate(values, start=1):
        deviation = math.sqrt(squares / (count - 1)) if count > 1 else 0.0
        scores.append(_score((value - mean) / deviation) if deviation > 0.0 and count > WARM else 0.0)
        step = value - mean
        mean += step / count
        squares += step * (value - mean)
    return scores


def windowed_gaussian(times: list[str], values: list[float]) -> list[float]:
    """Distance from the mean of the last day of points."""
    window: deque[float] = deque(maxlen=WINDOW)
    total = squares = 0.0
    scores: list[float] = []
    for value in values:
        size = len(window)
        mean = total / size if size else value
        variance = squares / size - mean * mean if size else 0.0
        scores.append(_score((value - mean) / math.sqrt(variance)) if size > WARM and variance > 1e-12 else 0.0)
        if size == WINDOW:
            total -= window[0]
            squares -= window[0] ** 2
        window.append(value)
        total += value
        squares += value * value
    return scores


DETECTORS = {"ours": ours, "EWMA": ewma, "z-score": z_score, "windowed Gaussian": windowed_gaussian}


def run(shared: Path) -> list[dict[str, object]]:
    rows = []
    for name, function in DETECTORS.items():
        command = [sys.executable, str(shared / "tools" / "evaluate_series.py"), "--detector", f"bench_series:{function.__name__}"]
        if function is ours:
            command += ["--threshold", str(THRESHOLD), "--causal"]
        start = time.perf_counter()
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
        result = done.stdout.splitlines()[1].split(maxsplit=1)[1]
        seconds = round(time.perf_counter() - start, 1)
        rows.append({"detector": name, "result": result, "figures": figures(result), "seconds": seconds})
    return rows


def figures(result: str) -> dict[str, str]:
    """What the scorer says of a detector, by name."""
    named = {
        "standard score": r"std +([-\d.]+)",
        "windows caught": r"windows ([\d/]+)",
        "precision": r"precision ([\d.]+|nan)",
        "false alarms per series and day": r"false/day ([\d.]+)",
    }
    return {name: found.group(1) for name, pattern in named.items() if (found := re.search(pattern, result))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--shared", type=Path, default=SHARED)
    arguments = parser.parse_args()
    if not (arguments.shared / "tools" / "evaluate_series.py").exists():
        sys.stdout.write("the shared series and their scorer are absent: nothing to measure\n")
        return
    rows = run(arguments.shared)
    if arguments.json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    for row in rows:
        sys.stdout.write(f"{row['detector']:<18} {row['result']}  {row['seconds']} s\n")


if __name__ == "__main__":
    main()
