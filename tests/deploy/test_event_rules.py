"""The rules and the daemon's readers agree: nothing is sent that nobody can read, and `bootstrap` makes the same rules."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from aiops_daemon import events
from aiops_daemon.embedded.terraform import TerraformTools
from aiops_daemon.events import bridge_rules
from tests.deploy.conftest import MODULE

TEXT = (MODULE / "event_rules.tf").read_text()
READERS = events._TABLES.keys() | events._READERS.keys()  # the table from source to reader


def listed(name: str, block: str) -> list[str]:
    found = re.search(rf"\b{name} += \[(.*?)\]", block, re.DOTALL)
    return re.findall(r'"([^"]+)"', found.group(1)) if found else []


RULES = {kind: body for kind, body in re.findall(r"^    ([a-z0-9-]+) = \{\n(.*?)^    \}", TEXT, re.DOTALL | re.MULTILINE)}  # noqa: C416  # kind -> its block
SENT = [(kind, source, title) for kind, body in RULES.items() for source in listed("source", body) for title in listed("detail-type", body)]


def test_the_rules_were_found() -> None:
    assert len(RULES) == TEXT.count("description =") > 20


@pytest.mark.parametrize(("kind", "body"), RULES.items(), ids=RULES.keys())
def test_every_source_has_a_reader(kind: str, body: str) -> None:
    assert {source.removeprefix("aws.") for source in listed("source", body)} <= READERS, kind


@pytest.mark.parametrize(("kind", "source", "title"), SENT, ids=[f"{kind}: {title}" for kind, _, title in SENT])
def test_every_kind_of_message_has_a_row(kind: str, source: str, title: str) -> None:
    service = source.removeprefix("aws.")
    others = [listed_source for k, listed_source, t in SENT if (k, t) == (kind, title)]
    rows = [row for name in others for row in events._TABLES.get(name.removeprefix("aws."), ())]
    assert service in events._READERS or any(row.matches(title) for row in rows)


def test_bootstrap_makes_the_same_rules(terraform: TerraformTools, module: Path) -> None:
    """Word for word, as Terraform itself evaluates them with the variables' defaults."""
    asked = "jsonencode({ for kind, rule in local.all_event_rules : kind => rule.pattern })\n"
    answer = subprocess.run([terraform.binary, "console"], cwd=module, input=asked, capture_output=True, text=True, check=True)
    assert json.loads(json.loads(answer.stdout)) == bridge_rules.RULES


def test_bootstrap_has_the_same_kinds_sources_and_titles() -> None:
    """As above without Terraform, as far as the text of the file goes."""
    assert RULES.keys() == bridge_rules.RULES.keys()
    for kind, body in RULES.items():
        for part in ("source", "detail-type"):
            assert listed(part, body) == bridge_rules.RULES[kind].get(part, []), kind
