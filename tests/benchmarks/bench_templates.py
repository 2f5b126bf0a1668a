"""Grouping accuracy and speed of the template miner beside Drain3 with its masks, on the same lines in one run.

    python tests/benchmarks/bench_templates.py [--lines 640000] [--redraw digits words] [--json FILE]

Accuracy is what the shared scorer says of both, on the message and on the raw line, over the open sets; and the same over the
made-up logs of tests/unit/logwatch (63 formats, 2,000 lines each; `--words` tells how many different words a field has).

The lines are the Loghub-2k messages of the shared data (../shared or AIOPS_SHARED), again and again with every digit drawn
anew (`digits`) and, harder, with every word of a variable part drawn from 2,000 made-up ones as well (`words`), so that no
line comes back. Both miners get the same lines in the same order; time is CPU time of this process. Drain3 runs on the
first --drain-lines only, which flatters it: it slows down as its clusters grow.
"""

import argparse
import csv
import json
import os
import random
import re
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from drain3 import TemplateMiner as Drain3
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig

from aiops_daemon.logwatch.records import parse_records
from aiops_daemon.logwatch.templates import TemplateMiner

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.unit.logwatch.corpora import HERE, corpora, draw
from tests.unit.logwatch.corpora import accuracy as correct
from tests.unit.logwatch.corpora_headers import STYLES

_EDGE = r"((?<=[^A-Za-z0-9])|^)", r"((?=[^A-Za-z0-9])|$)"
_DRAIN3_MASKS = [  # those of the drain3.ini that the project ships
    (r"([0-9a-f]{2,}:){3,}([0-9a-f]{2,})", "ID"),
    (r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}", "IP"),
    (r"([0-9a-f]{6,} ?){3,}", "SEQ"),
    (r"([0-9A-F]{4} ?){4,}", "SEQ"),
    (r"0x[a-f0-9A-F]+", "HEX"),
    (r"[\-\+]?\d+", "NUM"),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=640_000)
    parser.add_argument("--drain-lines", type=int, default=640_000)
    parser.add_argument("--batch", type=int, default=20_000)
    parser.add_argument("--redraw", nargs="*", choices=["digits", "words"], default=["digits", "words"])
    parser.add_argument("--shared", type=Path, default=Path(os.getenv("AIOPS_SHARED", "../shared")))
    parser.add_argument("--words", type=int, nargs="*", default=[40, 15])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[Row] = []
    for words in arguments.words:
        rows += [made_up(text, words) for text in ("message", "raw")]
    root = arguments.shared / "logs" / "loghub"
    if not root.is_dir():
        sys.stderr.write(f"no shared logs at {root}: neither the open sets nor the speed measured\n")
    else:
        rows += [Row(f"grouping accuracy, open sets, {text}", *accuracy(arguments.shared, text)) for text in ("content", "raw")]
        for kind in arguments.redraw:
            lines = redrawn(root, arguments.lines, words=kind == "words")
            ours, theirs = rate(lambda chunk: own(chunk, arguments.batch), lines), rate(drain3, lines[: arguments.drain_lines])
            rows.append(Row(f"lines per CPU second, {len(lines):,} lines, {kind} drawn anew", ours, theirs))
    rows.append(Row("MB of a miner full of 10,000 templates", full_memory() / 1e6, None))
    for row in rows:
        sys.stdout.write(row.told() + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps([row._asdict() for row in rows], indent=1))
    return 0


class Row(NamedTuple):
    figure: str
    ours: float
    drain3: float | None

    def told(self) -> str:
        shown = [f"{value:,.3f}" if value < 2 else f"{value:,.0f}" for value in (self.ours, self.drain3) if value is not None]
        ratio = f"  {self.ours / self.drain3:.1f}x" if self.drain3 is not None and self.ours > 2 else ""
        return f"{self.figure:<62} own {shown[0]:>10}" + (f"  Drain3 {shown[1]:>10}{ratio}" if len(shown) > 1 else "")


def made_up(text: str, words: int) -> Row:
    """Mean accuracy of both over the made-up logs."""
    found: list[tuple[float, float]] = []
    for corpus in (corpus for name in ("corpora.txt", "corpora_fresh.txt", "corpora_more.txt") for corpus in corpora(HERE / name)):
        messages, raw, truth = draw(corpus, STYLES[corpus.header], 1, 2_000, words)
        lines = messages if text == "message" else raw
        found.append((correct(grouped(lines), truth), correct(drain3(lines), truth)))
    ours, theirs = (sum(each) / len(found) for each in zip(*found, strict=True))
    return Row(f"grouping accuracy, made-up logs ({words} words), {text}", ours, theirs)


def grouped(lines: list[str]) -> list[str]:
    """Ours from the raw line on, one id per line."""
    records, miner = parse_records(lines), TemplateMiner()
    ids = miner.assign([record.message for record in records])
    return [miner.resolve(identifier) for record, identifier in zip(records, ids, strict=True) for _ in range(record.lines)]


def accuracy(shared: Path, text: str) -> tuple[float, float]:
    """Of ours and Drain3; the scorer runs elsewhere, so that it is nobody's import."""
    miners = ["bench_templates:drain3", f"cmd:{sys.executable} -m aiops_daemon logs templates --assign -"]
    command = [sys.executable, str(shared / "tools" / "evaluate_templates.py"), "--brief", "--text", text]
    command += ["--loghub", str(shared / "logs" / "loghub"), *(part for miner in miners for part in ("--miner", miner))]
    path = os.pathsep.join((str(Path(__file__).parent), os.getenv("PYTHONPATH", "")))
    environment = {**os.environ, "PYTHONPATH": path}  # noqa: TID251  # the child gets ours, and this folder to import from
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    theirs, ours = re.findall(r"[\d.]+", re.search("mean GA +(.*)", told)[1])  # type: ignore[index]  # the scorer always prints it
    return float(ours), float(theirs)


def rate(mine: Callable[[list[str]], object], lines: list[str]) -> float:
    start = time.process_time()
    mine(lines)
    return len(lines) / (time.process_time() - start)


def own(lines: list[str], batch: int) -> None:
    miner = TemplateMiner()
    for start in range(0, len(lines), batch):
        miner.assign(lines[start : start + batch])


def drain3(lines: list[str]) -> list[int]:
    """Cluster ids, as the shared scorer wants them."""
    config = TemplateMinerConfig()
    config.masking_instructions = [MaskingInstruction(_EDGE[0] + f"({p})" + _EDGE[1], name) for p, name in _DRAIN3_MASKS]
    miner = Drain3(config=config)
    return [int(miner.add_log_message(line)["cluster_id"]) for line in lines]


def full_memory() -> int:
    """Bytes that a full miner holds: 10,000 templates out of 20,000, each line seen with its own words."""
    rng = random.Random(5)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 12))) for _ in range(5_000)]
    tracemalloc.start()
    miner = TemplateMiner()
    for _ in range(10):
        miner.assign([" ".join(rng.choices(words, k=rng.randint(6, 24))) for _ in range(2_000)])
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held


def redrawn(root: Path, count: int, *, words: bool) -> list[str]:
    rng = random.Random(7)
    pool = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(2_000)]

    def digits(text: str) -> str:
        return re.sub(r"\d", lambda _: rng.choice("0123456789"), text)

    def value(text: str) -> str:
        return re.sub("[A-Za-z]{3,}", lambda _: rng.choice(pool), digits(text)) if words else digits(text)

    base = [parts for folder in sorted(root.iterdir()) for parts in variable_parts(folder)]
    lines: list[str] = []
    while len(lines) < count:
        lines += ["".join(value(part) if i % 2 else digits(part) for i, part in enumerate(parts)) for parts in base]
    rng.shuffle(lines)
    return lines[:count]


def variable_parts(folder: Path) -> Iterator[list[str]]:
    """Each message cut at its true variable parts: constant, variable, constant, ..."""
    with (folder / f"{folder.name}_2k.log_structured.csv").open(newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            pattern = "(.*?)".join(f"({re.escape(part)})" for part in row["EventTemplate"].split("<*>"))
            match = re.fullmatch(pattern, row["Content"])
            yield list(match.groups()) if match else [row["Content"]]


if __name__ == "__main__":
    sys.exit(main())
