"""The child process: moto behind the front, on a port of its own on 127.0.0.1. It ends when its standard input does (the parent is gone).

First line of standard input: a nonce that /_embedded/identity answers with. First line of standard output: the port.
"""

import logging
import os
import signal
import sys
import tempfile
from pathlib import Path
from threading import Thread

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.embedded.builds import BuildRunner
from aiops_daemon.embedded.codebuild import CodeBuild
from aiops_daemon.embedded.front import Front
from aiops_daemon.embedded.terraform import find_terraform

HOST = "127.0.0.1"


def serve(nonce: str, *, use_terraform: bool) -> None:
    """Serve until standard input is closed."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="aiops-embedded-", ignore_cleanup_errors=True) as folder:
        runner = BuildRunner(Path(folder), clock, find_terraform() if use_terraform else None)
        codebuild = CodeBuild(clock, runner)
        front = Front(DomainDispatcherApplication(create_backend_app), codebuild, nonce)
        server = make_server(HOST, 0, front, threaded=True, request_handler=MotoRequestHandler)
        os.environ["MOTO_PORT"] = str(server.port)  # noqa: TID251  # moto calls itself by this name, and has no argument for it
        runner.endpoint = f"http://{HOST}:{server.port}"
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.shutdown()
        codebuild.reset()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent ends us when it has ended the rest
    serve(sys.stdin.readline().strip(), use_terraform="--no-terraform" not in sys.argv)
