"""What the README, the runbook and the notices tell people to type exists: each command, and each option beside it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from aiops_daemon.cli import app
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.workflow.notices import compose
from tests.doubles.world import Fleet, stopped

ROOT = Path(__file__).parents[3]
PAGES = ("README.md", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*.md"))))
_TYPED = re.compile(r"(?:^|[`/(]| )aiops-daemon((?: +[a-z][a-z-]*(?![\w./:=]))*)([^`\n#|;]*)", re.MULTILINE)


def told(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """(words, options) of every command in code: a fenced block, or between backquotes."""
    code = [*re.findall(r"```sh\n(.*?)```", text, re.DOTALL), *re.findall(r"`([^`\n]+)`", text)]
    for words, rest in (found for piece in code for found in _TYPED.findall(piece)):
        if words.strip():
            yield words.split(), re.findall(r"--[a-z-]+", rest)


def missing(words: list[str], options: list[str]) -> list[str]:
    """What of it the command line does not have."""
    command: Any = typer.main.get_command(app)
    for place, word in enumerate(words):
        inside = getattr(command, "commands", None)
        if inside is None:
            break
        if word not in inside:
            return [" ".join(words[: place + 1])]
        command = inside[word]
    has = {name for parameter in command.params for name in parameter.opts}
    return [f"{' '.join(words)} {option}" for option in options if option not in has]


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_tells_people_to_type_exists(page: str) -> None:
    commands = list(told((ROOT / page).read_text(encoding="utf-8")))
    assert [fault for words, options in commands for fault in missing(words, options)] == []
    assert commands or page not in {"README.md", "docs/operations.md", "docs/deploy.md"}, "nothing was read: the test is blind"


def test_a_command_that_nobody_has_is_noticed() -> None:
    (one, two) = told("`aiops-daemon thaw inc-1 --because x` and `aiops-daemon halt --reason x`")
    assert (missing(*one), missing(*two)) == (["thaw inc --because"], ["halt"])


async def test_what_a_notice_tells_people_to_type_exists() -> None:
    fleet = Fleet()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.5})
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    incident = await fleet.incident(incident_id)
    for kind in NoticeKind:
        typed = "```sh\n" + "\n".join(compose(incident, kind).actions) + "\n```"
        assert [fault for words, options in told(typed) for fault in missing(words, options)] == []
        assert len(list(told(typed))) >= len(compose(incident, kind).actions)
