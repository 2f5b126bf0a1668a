#!/usr/bin/env python3
"""Bill of materials (CycloneDX) and known vulnerabilities of what the image installs. Takes the folder of the two tools.

Without the vulnerability service it says "not checked" and is content: that is the network's state, not ours.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements-runtime.lock"
BILL = ROOT / "build/sbom.json"
UNREACHABLE = re.compile(r"ConnectionError|ServiceError|ConnectTimeout|ReadTimeout|Max retries|HTTPError|ProxyError|SSLError")


def bill(tools: Path, lock: Path = LOCK, out: Path = BILL) -> int:
    """build/sbom.json: names, versions and hashes, the same each time."""
    out.parent.mkdir(exist_ok=True)
    words = [str(tools / "cyclonedx-py"), "requirements", str(lock), "--output-reproducible", "--of", "JSON", "-o", str(out)]
    return subprocess.run(words, check=False).returncode  # noqa: S603  # our own words


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def vulnerabilities(tools: Path, lock: Path = LOCK) -> int:
    """pip-audit's verdict, in its own exit code, where it could ask."""
    words = [str(tools / "pip-audit"), "--requirement", str(lock), "--disable-pip", "--require-hashes"]
    words += ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    return report(done.returncode, done.stdout, done.stderr)


def report(code: int, answer: str, complaint: str) -> int:
    """Says what was found. A package that the service does not know was not checked: pip-audit itself calls that clean."""
    if not answer.strip():
        last = (complaint.strip().splitlines() or [f"pip-audit ended with {code}"])[-1][:200]
        away = UNREACHABLE.search(complaint)
        say(f"vulnerabilities: not checked: the service cannot be reached ({last})" if away else complaint)
        return 0 if away else code or 1
    packages = json.loads(answer)["dependencies"]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if len(unknown) == len(packages):
        say(f"vulnerabilities: not checked: the service knows none of the {len(packages)} packages (a mirror without that data?)")
        return 0
    for package in packages:
        for found in package.get("vulns", []):
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            say(f"{package['name']} {package['version']}: {found['id']}, repaired in {fixed}")
    say(f"vulnerabilities: {len(packages) - len(unknown)} packages checked; not checked: {', '.join(unknown) or 'none'}")
    return code


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sys.exit(bill(folder) or vulnerabilities(folder))
