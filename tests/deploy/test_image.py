"""What goes into the image: only what runs, at the versions that were tested. Building it is `make image-check`."""

import re

from tests.deploy.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def pins(name: str) -> dict[str, str]:
    """Package to version (the last one, where Python versions differ: the same in both files)."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


RUNTIME, TESTED = pins("requirements-runtime.lock"), pins("requirements.lock")


def test_the_image_has_the_versions_that_were_tested() -> None:
    assert RUNTIME.items() <= TESTED.items()


def test_nothing_of_the_workshop_is_in_it() -> None:
    assert not RUNTIME.keys() & {"moto", "flask", "pytest", "mypy", "ruff", "hypothesis", "drain3", "uv"}


def test_every_requirement_has_hashes_and_no_address() -> None:
    for name in ("requirements-runtime.lock", "deploy/image/build.lock"):
        text = (ROOT / name).read_text()
        assert text.count("--hash=sha256:") >= len(re.findall(r"^[a-z0-9-]+==", text, re.MULTILINE))
        assert "://" not in text


def test_it_runs_as_nobody_in_particular() -> None:
    assert "USER 10001:10001" in DOCKERFILE
    assert re.search(r"^ARG BASE=\S+python:\d+\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE), "a pinned slim base"
    assert "--require-hashes" in DOCKERFILE
    assert "HEALTHCHECK" in DOCKERFILE
