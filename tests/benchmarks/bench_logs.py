"""`make bench-logs`: the log watch beside Drain3, EWMA, z-score and windowed Gaussian, and on its own generator, as one table.

    python tests/benchmarks/bench_logs.py [--quick] [--quiet-groups 24] [--fault-groups 12]

Each part is a process of its own; what a part says besides is printed when it ends, the table when all have. `--quick` takes a tenth
of the lines and of the groups.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Row = tuple[str, str, str]  # figure, ours, the reference


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--quiet-groups", type=int, default=24)
    parser.add_argument("--fault-groups", type=int, default=12)
    arguments = parser.parse_args()
    share = 10 if arguments.quick else 1
    quiet, faults = max(4, arguments.quiet_groups // share), max(1, arguments.fault_groups // share)
    rows = templates(640_000 // share) + series()
    rows += generator(["--part", "quiet", "--groups", str(quiet)]) + generator(["--part", "faults", "--groups", str(faults)])
    width = max(len(figure) for figure, _, _ in rows)
    sys.stdout.write(f"\n{'':<{width}}  {'ours':<36}reference\n")
    for figure, ours, reference in rows:
        sys.stdout.write(f"{figure:<{width}}  {ours:<36}{reference}\n")
    return 0


def run(script: str, arguments: list[str]) -> str:
    start = time.monotonic()
    done = subprocess.run([sys.executable, str(HERE / script), *arguments], check=True, stdout=subprocess.PIPE, text=True)
    sys.stderr.write(f"{script} {' '.join(arguments[:4])}: {time.monotonic() - start:.0f} s\n")
    return done.stdout


def templates(lines: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "templates.json"
        sys.stdout.write(run("bench_templates.py", ["--lines", str(lines), "--json", str(found)]))
        return [_template_row(row) for row in json.loads(found.read_text())]


def _template_row(row: dict[str, Any]) -> Row:
    ours, theirs = row["ours"], row["drain3"]
    if theirs is None:
        return row["figure"], f"{ours:.0f}", ""
    if ours < 2:
        return row["figure"], f"{ours:.3f}", f"Drain3 {theirs:.3f}"
    return row["figure"], f"{ours:,.0f} ({ours / theirs:.1f} times)", f"Drain3 {theirs:,.0f}"


def series() -> list[Row]:
    told = run("bench_series.py", ["--json"])
    if not told.startswith("["):
        sys.stdout.write(told)
        return []
    found = {row["detector"]: row["figures"] for row in json.loads(told)}
    ours = found.pop("ours")
    rows = []
    for figure in ours:
        others = ", ".join(f"{name} {figures[figure]}" for name, figures in found.items())
        rows.append((f"series: {figure}", ours[figure], others))
    return rows


def generator(arguments: list[str]) -> list[Row]:
    found: dict[str, Any] = json.loads(run("bench_logwatch.py", [*arguments, "--json"]))
    rows = [
        (f"generator: false alarms per group and day, {profile}", f"{one['per_group_day']:.3f} of {one['group_days']} days", "at most 0.05")
        for profile, one in found.get("quiet", {}).items()
    ]
    for kind, one in found.get("faults", {}).get("kinds", {}).items():
        if one["cases"]:
            value, low, high = one["recall"]
            rows.append((f"generator: {kind} caught", f"{value:.0%} [{low:.0%}, {high:.0%}] of {one['cases']}", "at least 90%"))
    return rows


if __name__ == "__main__":
    sys.exit(main())
