#!/usr/bin/env python3
"""Writes deploy/terraform/README.md from the module's own descriptions. `--check` only compares."""

import re
import sys
from pathlib import Path

MODULE = Path(__file__).parent / "terraform"
_BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.DOTALL | re.MULTILINE)
HEAD = """# aiops-daemon on AWS

EventBridge rules -> SQS -> ECS Fargate, with tables, topic, roles, alarms and dashboard. `examples/minimal` observes; `examples/complete`
has everything on. How to use it: [docs/deploy.md](../../docs/deploy.md). This file is made by `python deploy/terraform_readme.py`.

| file | what it makes |
|---|---|
"""


def text() -> str:
    """The whole file."""
    lines = [HEAD.rstrip("\n")]
    for path in sorted(MODULE.glob("*.tf")):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        if first.startswith("# ") and not path.name.startswith("variables"):
            lines.append(f"| {path.name} | {first[2:]} |")
    found = [match.groups() for path in sorted(MODULE.glob("*.tf")) for match in _BLOCK.finditer(path.read_text(encoding="utf-8"))]
    lines += ["", "## Variables", "", "| name | type | default | |", "|---|---|---|---|"]
    lines += [_variable(name, body) for kind, name, body in sorted(found) if kind == "variable"]
    lines += ["", "## Outputs", "", "| name | |", "|---|---|"]
    lines += [f"| `{name}` | {_field(body, 'description')} |" for kind, name, body in sorted(found) if kind == "output"]
    return "\n".join(lines) + "\n"


def _variable(name: str, body: str) -> str:
    kind = _field(body, "type").partition("({")[0].strip()
    default = _field(body, "default")
    return f"| `{name}` | {kind} | {'`' + default + '`' if len(default) < 40 else 'see the file'} | {_field(body, 'description')} |"


def _field(body: str, name: str) -> str:
    found = re.search(rf"^  {name} += (.*)$", body, re.MULTILINE)
    value = found.group(1).strip() if found else "required"
    return value.strip('"').replace("|", "\\|") if name == "description" else value.replace("[", "[...]") if value == "[" else value


def main() -> int:
    file = MODULE / "README.md"
    if "--check" in sys.argv:
        return 0 if file.read_text(encoding="utf-8") == text() else 1
    file.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
