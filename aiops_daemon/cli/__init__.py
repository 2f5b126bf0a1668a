"""The command line: one file per command group. AWS is imported inside commands only."""


def main() -> None:
    """Entry point of `aiops-daemon`."""
    raise SystemExit("not wired yet")
