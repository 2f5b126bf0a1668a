"""The command line: one file per command group. AWS is imported inside commands only: `--help` must not pay a second for it.

Exit codes: 0 fine, 1 failed, 2 usage or configuration, 3 a check found something missing.
"""

import sys
from typing import Annotated

import typer

from aiops_daemon import __version__
from aiops_daemon.cli import daemon, demo, explain, guards, incidents, logs, status, switch
from aiops_daemon.cli.errors import UsageError
from aiops_daemon.model.errors import AiopsError, ConfigurationError

app = typer.Typer(
    name="aiops-daemon", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help="A self-healing daemon for AWS."
)


def _version(wanted: bool) -> None:  # typer's form of an option's callback
    if wanted:
        print(f"aiops-daemon {__version__}")
        raise typer.Exit


@app.callback()
def _every(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")] = False,
) -> None:
    """A self-healing daemon for AWS."""


app.command("run")(daemon.run)
app.command("check")(daemon.check)
app.command("bootstrap")(daemon.bootstrap)
app.command("send")(daemon.send)
app.command("explain")(explain.explain)
app.command("demo")(demo.demo)
app.command("status")(status.status)
app.command("stop")(switch.stop)
app.command("start")(switch.start)
app.command("thaw")(guards.thaw)
app.add_typer(guards.app, name="breaker")
app.add_typer(incidents.app, name="incidents")
app.add_typer(logs.app, name="logs")


def main() -> None:
    """Entry point: our own errors become one line, not a traceback."""
    try:
        app()
    except (ConfigurationError, UsageError) as error:
        print(f"aiops-daemon: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except AiopsError as error:
        print(f"aiops-daemon: {error}", file=sys.stderr)
        raise SystemExit(1) from None
