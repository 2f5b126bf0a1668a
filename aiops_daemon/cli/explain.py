"""`explain`: what would the daemon do with these messages, and why? Files, folders or standard input; acts on nothing, calls nothing."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aiops_daemon.cli.errors import UsageError, readable
from aiops_daemon.cli.rows import Row, print_rows

if TYPE_CHECKING:
    from aiops_daemon.cli.explainer import Explained


def explain(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Message bodies: files, folders, or - for standard input.")],
    output: Annotated[Literal["table", "json", "jsonl"], typer.Option(help="table for people, json or jsonl for programs")] = "table",
) -> None:
    """What would the daemon do with these messages, and why? Acts on nothing."""
    from aiops_daemon.cli.explainer import explainer
    from aiops_daemon.settings import load

    ask = explainer(load())
    now = datetime.now(UTC)  # noqa: TID251  # the receive time of messages that were never received
    answers = [(name, ask(body, now)) for name, body in bodies(paths)]
    if output == "table":
        print_rows(("message", "outcome", "decision", "resource", "verdict", "why"), [_row_of(*one) for one in answers], first=3)
        return
    rows = [row(name, answer) for name, answer in answers]
    print(json.dumps(rows, indent=2) if output == "json" else "\n".join(json.dumps(one) for one in rows))


def bodies(paths: list[str]) -> Iterator[tuple[str, str]]:
    """(name, body) of every message; bytes that are no UTF-8 are replaced, as a queue would have refused them."""
    for path in paths:
        if path == "-":
            yield "-", sys.stdin.read()
            continue
        place = Path(path)
        if not place.exists():
            raise UsageError(f"{path} does not exist")
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file():
                with readable(str(file)):
                    raw = file.read_bytes()
                yield str(file.relative_to(place)) if place.is_dir() else str(file), raw.decode(errors="replace")


def row(name: str, answer: "Explained") -> dict[str, object]:
    """The documented JSON form."""
    return {
        "file": name,
        "outcome": answer.outcome,
        "reason": answer.reason,
        "resource_type": answer.resource_type,
        "resource_ids": list(answer.resource_ids),
        "account": answer.account,
        "region": answer.region,
        "actor": answer.actor,
        "classification": answer.classification,
        "confidence": answer.confidence,
        "decision": answer.decision,
        "action": answer.action,
        "assumed": list(answer.assumed),
    }


def _row_of(name: str, answer: "Explained") -> Row:
    ids = ", ".join(answer.resource_ids[:3]) + (f" +{len(answer.resource_ids) - 3}" if len(answer.resource_ids) > 3 else "")
    verdict = f"{answer.classification} {answer.confidence:.2f}" if answer.classification and answer.confidence is not None else ""
    why = answer.reason + (f" [assumed: {', '.join(answer.assumed)}]" if answer.assumed else "")
    what = f"{answer.resource_type} {ids}".strip()
    about = ", ".join(part for part in (what, verdict) if part)
    return Row((name, answer.outcome, answer.decision, what, verdict, why), f"{about}: {why}")
