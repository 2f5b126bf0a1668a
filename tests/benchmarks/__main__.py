"""`make bench`: every figure of docs/benchmarks.md. `python -m tests.benchmarks [--full] [--json FILE] [--only PART ...]`.

Each part is a process of its own, against doubles in yet another one, so that memory and CPU are its own. A part that fails or takes too
long is a missed line; the others are measured all the same. Exit 1 where a requirement is missed.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiops_daemon.aws.clock import SystemClock

TOTAL_SECONDS = 690.0  # all parts together: --full has to end within twelve minutes, whatever hangs
Row = tuple[str, str, str, bool | None]  # figure, measured, required, kept
Found = dict[str, Any]


def _intake(found: Found) -> list[Row]:
    b1, b2, b8 = found["B1"], found["B2"], found["B8"]
    return [
        ("B1 CPU per irrelevant event / floor", f"{b1['ratio_to_floor']:.2f}", "<= 1.5", b1["ratio_to_floor"] <= 1.5),
        ("   us, events/s", f"{b1['cpu_us_per_message']:.0f}, {b1['messages_per_second']}", "", None),
        ("B2 CPU per copy / floor", f"{b2['ratio_to_floor']:.2f}", "<= 2", b2["ratio_to_floor"] <= 2),
        ("B8 receives a minute when idle", f"{b8['receives_per_minute']:.2f}", "<= 3", b8["receives_per_minute"] <= 3.05),
        ("   CPU seconds an hour", f"{b8['cpu_seconds_per_hour']}", "< 36", b8["cpu_seconds_per_hour"] < 36),
    ]


def _incidents(found: Found) -> list[Row]:
    b3, b4 = found["B3"], found["B4"]
    return [
        ("B3 CPU per incident / the same calls", f"{b3['ratio']:.2f}", "<= 1.6", b3["ratio"] <= 1.6),
        ("   ms, incidents/s", f"{b3['cpu_ms_per_incident']}, {b3['incidents_per_second']}", "", None),
        (
            "   AWS calls per recovery (+ the action's and probe's own)",
            f"{b3['calls_without_ec2']} + {b3['calls_per_recovery'] - b3['calls_without_ec2']}",
            f"aim {b3['calls_aim']}",
            b3["calls_without_ec2"] <= b3["calls_aim"] and b3["always_the_same"],
        ),
        ("B4 ms per incident at 5 ms, p50", f"{b4['p50']:.0f}", "<= 150", b4["p50"] <= 150),
        ("   p99", f"{b4['p99']:.0f}", "<= 400", b4["p99"] <= 400),
        ("   calls in a row (measured at 200 ms, so without the machine)", f"{b4['round_trips']}", "", None),
    ]


def _open(found: Found) -> list[Row]:
    b5 = found["B5"]
    return [
        ("B5 KiB per parked incident", f"{b5['parked_kib_each']}", "about 0", b5["parked_kib_each"] < 0.5),
        ("   KiB per active incident", f"{b5['active_kib_each']}", "<= 15", b5["active_kib_each"] <= 15),
    ]


def _storm(found: Found) -> list[Row]:
    made: list[Row] = []
    for name in ("distinct", "over_100_resources"):
        storm = found["B6"][name]
        kept = storm["lost"] == 0 and storm["lag_ms"]["p99"] < 250 and storm["health"] == "green"
        said = f"{storm['lost']}, {storm['lag_ms']['p99']:.0f} ms, {storm['health'] if storm['health'] == 'green' else 'red'}"
        made.append((f"B6 {storm['events']} events {name}: lost, lag p99, health", said, "0, < 250 ms, green", kept))
        made.append(("   events/s into the journal", f"{storm['drained_per_second']}", "", None))
    return made


def _takeover(found: Found) -> list[Row]:
    b7 = found["B7"]
    bound = f"<= {b7['scan'] + 1:.0f} s"
    return [(f"B7 kill -9 at {b7['kills']} writes: next transition after it is due", f"{b7['after_due_max']} s", bound, b7["within"])]


def _footprint(found: Found) -> list[Row]:
    run, shown = found["footprint"]["run"], found["footprint"]["help"]
    return [
        ("run: seconds until ready", f"{run['ready_seconds']}", "", None),
        ("run: resident MiB", f"{run['resident_mib']:.0f}", "", None),
        ("--help: seconds", f"{shown['seconds']}", "", None),
    ]


@dataclass(frozen=True)
class Part:
    """A module that prints its figures as JSON; its arguments by default and for --full."""

    usual: str
    full: str
    rows: Callable[[Found], list[Row]]


PARTS = {
    "tests.benchmarks.bench_intake": Part("--messages 4500 --json", "--json", _intake),
    "tests.benchmarks.bench_incidents": Part("--incidents 60 --seconds 15", "--incidents 200 --rounds 5 --seconds 60", _incidents),
    "tests.benchmarks.bench_open": Part("--incidents 2000", "--incidents 10000", _open),
    "tests.benchmarks.bench_storm": Part("--events 1500", "--events 15000", _storm),
    "tests.benchmarks.bench_footprint": Part("", "--rounds 5", _footprint),
    "tests.chaos.takeover": Part("--stories recovery", "--stories recovery", _takeover),
}


def measure(name: str, arguments: str, seconds: float) -> Found:
    """What the part printed. Raises ValueError with the reason where it printed nothing that can be read."""
    command = [sys.executable, "-m", name, *arguments.split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with its doubles
            raise ValueError(f"not done within {seconds:.0f} s") from None
    try:
        found: Found = json.loads(said)
    except json.JSONDecodeError:
        raise ValueError(f"failed with exit code {process.returncode}") from None
    return found


def table(lines: list[Row]) -> str:
    say: Callable[[bool | None], str] = {True: "kept", False: "MISSED", None: ""}.__getitem__
    return "\n".join(f"{name:62} {measured:>22}  {required:20} {say(kept)}" for name, measured, required, kept in lines)


def main(arguments: argparse.Namespace) -> int:
    began = time.perf_counter()
    found: Found = {}
    lines: list[Row] = []
    for name, part in PARTS.items():
        short = name.rpartition(".")[2]
        if arguments.only and short not in arguments.only:
            continue
        sys.stderr.write(f"{short} ...\n")
        try:
            mine = measure(name, part.full if arguments.full else part.usual, TOTAL_SECONDS - (time.perf_counter() - began))
        except ValueError as error:
            found[short] = {"failed": str(error)}
            lines.append((short, str(error), "", False))
            continue
        found |= mine
        lines += part.rows(mine)
    found |= {
        "at": SystemClock().now().isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "took_seconds": round(time.perf_counter() - began),
    }
    if arguments.json:
        Path(arguments.json).parent.mkdir(parents=True, exist_ok=True)
        Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    load = ", ".join(f"{one:.1f}" for one in found["load"])
    sys.stdout.write(f"{found['at']}, {found['cores']} cores, load {load}, {found['took_seconds']} s\n{table(lines)}\n")
    return 1 if any(kept is False for *_, kept in lines) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="the sizes of the requirements: 15,000 events, 10,000 incidents")
    parser.add_argument("--json", help="also write everything here")
    parser.add_argument("--only", nargs="+", choices=[name.rpartition(".")[2] for name in PARTS], help="some of the parts")
    sys.exit(main(parser.parse_args()))
