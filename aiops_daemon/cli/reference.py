"""Makes docs/configuration.md (`python -m aiops_daemon.cli.reference > docs/configuration.md`); a test compares the two."""

import json
import sys
from enum import Enum
from typing import Any

from pydantic import BaseModel

from aiops_daemon.settings import OTHER_NAMES, PLAIN_NAMES, PREFIX, Settings, known_names

_HEAD = """# Configuration

Made from the settings classes; do not edit by hand. Everything is set by environment variables. Lists and mappings are JSON; one entry of
a mapping can be set by itself (`AIOPS_ACTIONS__TERRAFORM_TARGETS__i-0abc=aws_instance.web`). An empty value is an unset one. An unknown
`AIOPS_` name stops the start: a typo in a safety setting must not pass for its default. `aiops-daemon check` validates all of it.

Where several places set one value, the first of these wins: the environment, the plain names below, the secret, the parameters.
Region, credentials and endpoints (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_SQS` ...) are read by the AWS SDK as everywhere else.
"""


def reference() -> str:
    """A section for each group and a row for each setting, in the order of declaration."""
    lines = [_HEAD, "## Other places and plain names", "", "| name | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {_cell(meaning)} |" for name, meaning in OTHER_NAMES.items()]
    lines += [
        f"| `{name}` | the same as `{PREFIX}{group.upper()}__{key.upper()}`{_commas(name)} |" for name, (group, key) in PLAIN_NAMES.items()
    ]
    names = known_names()
    for group, field in Settings.model_fields.items():
        start = f"{PREFIX}{group}__".upper()
        about = (field.annotation.__doc__ or "").strip() if field.annotation else ""
        lines += ["", f"## {group}", "", about, "", "| name | default | meaning |", "|---|---|---|"]
        lines += [
            f"| `{name}` | {_default(default)} | {_cell(said)} |" for name, (said, default) in names.items() if name.startswith(start)
        ]
    return "\n".join(lines) + "\n"


def _commas(name: str) -> str:
    return ", separated by commas" if name == "LOG_GROUPS" else ""


def _default(value: Any) -> str:
    return "-" if value is None else f"`{_cell(json.dumps(_plain(value)) if not isinstance(value, str) else value)}`"


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case BaseModel():
            return value.model_dump(mode="json")
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case tuple() | list():
            return [_plain(inner) for inner in value]
        case _:
            return value


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
