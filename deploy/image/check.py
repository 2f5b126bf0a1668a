#!/usr/bin/env python3
"""Builds the image and looks at it: `make image-check`. Needs root and buildah, no container engine.

The base is IMAGE_BASE where it is set and can be pulled; else a Debian tree made by debootstrap, kept in the user's cache. What is checked:
the daemon starts as a user that is not root, on a root file system that is read-only, answers /healthz and /readyz against the embedded
AWS, drains on SIGTERM; the image holds no development package. Size and start-up time are printed.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from aiops_daemon.embedded.aws import EmbeddedAws

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "aiops-daemon"  # noqa: TID251  # a script, not the daemon
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
BUILDAH = ["buildah", "--storage-driver", "vfs"]
BASE, IMAGE = "localhost/aiops-base", "localhost/aiops-daemon:check"
USER = "10001"
LIMIT_MB, READY_SECONDS, STOP_SECONDS = 200, 5.0, 30
UNWANTED = ("moto", "flask", "pytest", "mypy", "ruff", "hypothesis", "pip", "uv", "drain3")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(*words: str) -> str:
    done = subprocess.run([*words], capture_output=True, text=True, check=False)  # noqa: S603  # words are ours, no shell
    if done.returncode:
        raise SystemExit(f"{' '.join(words[:4])} ... ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout.strip()


def base() -> str:
    """The image to build on."""
    wanted = os.environ.get("IMAGE_BASE")  # noqa: TID251  # a script
    if wanted:
        return wanted
    if BASE in run(*BUILDAH, "images", "--format", "{{.Name}}"):
        return BASE
    tree = CACHE / "base"
    if not (tree / "bin/sh").exists():
        if shutil.which("debootstrap") is None:
            raise SystemExit("no IMAGE_BASE and no debootstrap: apt-get install buildah debootstrap")
        started = time.monotonic()
        tree.mkdir(parents=True, exist_ok=True)
        run("debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", "bookworm", str(tree))
        say(f"base made by debootstrap in {time.monotonic() - started:.0f} s")
    container = run(*BUILDAH, "from", "scratch")
    run(*BUILDAH, "add", "--quiet", container, f"{tree}/", "/")
    run(*BUILDAH, "commit", "--quiet", container, BASE)
    run(*BUILDAH, "rm", container)
    return BASE


def build(on: str) -> None:
    started = time.monotonic()
    certificates = ["--volume", f"{BUNDLE}:{BUNDLE}:ro", "--build-arg", f"SSL_CERT_FILE={BUNDLE}", "--build-arg", f"PIP_CERT={BUNDLE}"]
    run(*BUILDAH, "bud", "--isolation", "chroot", "--quiet", *(certificates if BUNDLE.is_file() else []), "--build-arg", f"BASE={on}",
        "--format", "docker", "--tag", IMAGE, str(ROOT))  # fmt: skip
    say(f"image built in {time.monotonic() - started:.0f} s")


def look_inside(root: Path) -> None:
    """Size over the base, and that nothing of the workshop is in it."""
    size = int(run("du", "-sb", str(root / "app")).split()[0]) / 1e6
    packages = next((root / "app/lib").glob("python3*")) / "site-packages"
    names = {re.split(r"[-_.]\d", path.name)[0].lower() for path in packages.glob("*.dist-info")}
    unwanted = sorted(names & set(UNWANTED))
    say(f"size over the base: {size:.0f} MB, {len(names)} packages, compiled: {any(packages.glob('pydantic/__pycache__/*.pyc'))}")
    if unwanted:
        raise SystemExit(f"not meant to be in the image: {', '.join(unwanted)}")
    if size > LIMIT_MB:
        raise SystemExit(f"more than {LIMIT_MB} MB over the base")


def inside(root: Path, *words: str) -> list[str]:
    """A command in the image: read-only root, its own /tmp, user 10001, no capability, the host's network."""
    mounts = (
        f"mount --bind {root} {root} && mount -o remount,bind,ro {root} && mount -t tmpfs -o mode=1777 tmpfs {root}/tmp "  # noqa: S108  # the container's
        f"&& mount -t proc proc {root}/proc && mount --bind /dev {root}/dev "
    )
    drop = f"setpriv --reuid={USER} --regid={USER} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all"
    # chroot needs its capability, so that the user changes inside it: setpriv is in Debian's base and in the official image.
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child=TERM", "sh", "-c",
            f'{mounts} && exec chroot {root} {drop} -- "$@"', "sh", *words]  # fmt: skip


def get(path: str, port: int) -> int:
    """The HTTP status, 0 where nobody listens."""
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=3) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return 0


def start(root: Path, environment: dict[str, str], port: int) -> None:
    """Bootstrap, run, look, stop."""
    clean = {"PATH": "/app/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1",
             "AIOPS_TELEMETRY__HTTP_PORT": str(port), "AIOPS_TELEMETRY__HTTP_HOST": "127.0.0.1", **environment}  # fmt: skip
    for words, expected in ((("touch", "/written"), False), (("touch", "/tmp/written"), True), (("aiops-daemon", "bootstrap"), True)):  # noqa: S108  # the container's
        done = subprocess.run(inside(root, *words), env=clean, capture_output=True, text=True, check=False)  # noqa: S603  # ours
        if (done.returncode == 0) is not expected:
            raise SystemExit(f"{' '.join(words)}: ended with {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    who = subprocess.run(inside(root, "id", "-u"), env=clean, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  # ours
    with tempfile.TemporaryFile("w+") as log:
        started = time.monotonic()
        daemon = subprocess.Popen(inside(root, "aiops-daemon", "run"), env=clean, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603  # ours
        try:
            ready = wait_for(port, daemon, started)
            stopped = stop(daemon)
        finally:
            daemon.kill()
            log.seek(0)
            last = log.read()[-3000:]
    if ready is None or stopped is None:
        raise SystemExit(f"ready after {ready} s, stopped after {stopped} s\n{last}")
    say(f"user {who}, read-only root, healthy and ready in {ready:.1f} s, drained on SIGTERM in {stopped:.1f} s")
    if ready > READY_SECONDS:
        raise SystemExit(f"not ready within {READY_SECONDS} s")


def wait_for(port: int, daemon: "subprocess.Popen[bytes]", started: float) -> float | None:
    while time.monotonic() - started < 60 and daemon.poll() is None:
        if get("/healthz", port) == 200 and get("/readyz", port) == 200:
            return time.monotonic() - started
        time.sleep(0.05)
    return None


def stop(daemon: "subprocess.Popen[bytes]") -> float | None:
    """Seconds from SIGTERM to a clean end. The daemon is the child of `unshare`, as it is the child of an init process on ECS."""
    started = time.monotonic()
    child = run("pgrep", "-P", str(daemon.pid))
    os.kill(int(child.split()[0]), signal.SIGTERM)
    try:
        return time.monotonic() - started if daemon.wait(STOP_SECONDS) == 0 else None
    except subprocess.TimeoutExpired:
        return None


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    if os.geteuid() != 0 or shutil.which("buildah") is None:
        raise SystemExit("image-check needs root and buildah (apt-get install buildah debootstrap)")
    build(base())
    container = run(*BUILDAH, "from", IMAGE)
    try:
        root = Path(run(*BUILDAH, "mount", container))
        look_inside(root)
        with EmbeddedAws(terraform=False) as aws:
            start(root, aws.environment, free_port())
    finally:
        run(*BUILDAH, "rm", container)


if __name__ == "__main__":
    main()
