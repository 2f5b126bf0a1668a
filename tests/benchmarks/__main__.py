"""`make bench`: every figure of docs/benchmarks.md. `python -m tests.benchmarks [--full] [--json FILE]`.

Each part is a process of its own, against doubles in yet another one, so that memory and CPU are its own. Exit 1 where a requirement
is missed.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiops_daemon.aws.clock import SystemClock

# part -> arguments by default, arguments of --full
PARTS: dict[str, tuple[list[str], list[str]]] = {
    "bench_intake": (["--messages", "4500", "--json"], ["--json"]),
    "bench_incidents": (["--incidents", "60", "--seconds", "15"], ["--incidents", "200", "--rounds", "5", "--seconds", "60"]),
    "bench_open": (["--incidents", "2000"], ["--incidents", "10000"]),
    "bench_storm": (["--events", "1500"], ["--events", "15000"]),
    "bench_footprint": ([], ["--rounds", "5"]),
}
Row = tuple[str, str, str, bool | None]  # figure, measured, required, kept


def run(part: str, arguments: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", f"tests.benchmarks.{part}", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rows(found: dict[str, Any]) -> list[Row]:
    b1, b2, b8 = found["B1"], found["B2"], found["B8"]
    made: list[Row] = [
        ("B1 CPU per irrelevant event / floor", f"{b1['ratio_to_floor']:.2f}", "<= 1.5", b1["ratio_to_floor"] <= 1.5),
        ("   us, events/s", f"{b1['cpu_us_per_message']:.0f}, {b1['messages_per_second']}", "", None),
        ("B2 CPU per copy / floor", f"{b2['ratio_to_floor']:.2f}", "<= 2", b2["ratio_to_floor"] <= 2),
        ("B8 receives a minute when idle", f"{b8['receives_per_minute']:.2f}", "<= 3", b8["receives_per_minute"] <= 3.05),
        ("   CPU seconds an hour", f"{b8['cpu_seconds_per_hour']}", "< 36", b8["cpu_seconds_per_hour"] < 36),
    ]
    return made + _incidents(found) + _footprint(found["footprint"])


def _incidents(found: dict[str, Any]) -> list[Row]:
    b3, b4, b5, b6 = (found[name] for name in ("B3", "B4", "B5", "B6"))
    made: list[Row] = [
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
        ("B5 KiB per parked incident", f"{b5['parked_kib_each']}", "about 0", b5["parked_kib_each"] < 0.5),
        ("   KiB per active incident", f"{b5['active_kib_each']}", "<= 15", b5["active_kib_each"] <= 15),
    ]
    for name in ("distinct", "over_100_resources"):
        storm = b6[name]
        kept = storm["lost"] == 0 and storm["lag_ms"]["p99"] < 250 and storm["health"] == "green"
        said = f"{storm['lost']}, {storm['lag_ms']['p99']:.0f} ms, {storm['health']}"
        made.append((f"B6 {storm['events']} events {name}: lost, lag p99, health", said, "0, < 250 ms, green", kept))
        made.append(("   events/s into the journal", f"{storm['drained_per_second']}", "", None))
    return made


def _footprint(found: dict[str, Any]) -> list[Row]:
    run, shown = found["run"], found["help"]
    return [
        ("run: seconds until ready", f"{run['ready_seconds']}", "", None),
        ("run: resident MiB", f"{run['resident_mib']:.0f}", "", None),
        ("--help: seconds", f"{shown['seconds']}", "", None),
    ]


def table(lines: list[Row]) -> str:
    say: Callable[[bool | None], str] = {True: "kept", False: "MISSED", None: ""}.__getitem__
    return "\n".join(f"{name:62} {measured:>22}  {required:20} {say(kept)}" for name, measured, required, kept in lines)


def main(arguments: argparse.Namespace) -> int:
    began = time.perf_counter()
    found: dict[str, Any] = {}
    for part, (usual, full) in PARTS.items():
        sys.stderr.write(f"{part} ...\n")
        found |= run(part, full if arguments.full else usual)
    found |= {
        "at": SystemClock().now().isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "took_seconds": round(time.perf_counter() - began),
    }
    lines = rows(found)
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
    sys.exit(main(parser.parse_args()))
