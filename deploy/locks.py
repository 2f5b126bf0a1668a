#!/usr/bin/env python3
"""Writes requirements.lock and requirements-runtime.lock. `--check` compiles to a temporary folder and only compares.

A check starts from the lock as it is: a newer release on the registry does not make it stale, a change of pyproject.toml does.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMON = [
    "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header",
]  # fmt: skip
# The image installs the second one: what runs, at the versions that were tested.
LOCKS = {
    "requirements.lock": ["--all-extras"],
    "requirements-runtime.lock": ["--extra", "openai", "--constraint", "requirements.lock"],
}
UNREACHABLE = re.compile(r"failed to fetch|error sending request|dns error|connection refused|timed out|tunnel error", re.IGNORECASE)


def compile_in(folder: Path, name: str) -> str:
    """Makes the lock in `folder`, where pyproject.toml is; what uv complains about."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    words = [uv, "pip", "compile", *COMMON, *LOCKS[name], "pyproject.toml", "-o", name]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    return done.stderr.strip() or f"uv ended with {done.returncode}" if done.returncode else ""


def check(root: Path = ROOT) -> int:
    """0: fresh, or not checked for want of a registry; 1: stale."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("pyproject.toml", "README.md", *LOCKS):
            shutil.copy(root / file, folder)
        for lock in LOCKS:
            complaint = compile_in(folder, lock)
            if UNREACHABLE.search(complaint):
                sys.stdout.write(f"locks: not checked: the package registry cannot be reached ({complaint.splitlines()[0]})\n")
                return 0
            if complaint or (folder / lock).read_text() != (root / lock).read_text():
                sys.stderr.write(f"{lock} is stale: run `make lock`\n{complaint}\n")
                return 1
    return 0


def write(root: Path = ROOT) -> int:
    """Both, in order: the second takes its versions from the first."""
    for lock in LOCKS:
        complaint = compile_in(root, lock)
        if complaint:
            sys.stderr.write(f"{lock}: {complaint}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(check() if "--check" in sys.argv[1:] else write())
