"""A command that was written wrongly: one line, and exit 2 like every other mistake of usage."""

from aiops_daemon.model.errors import InvalidInput


class UsageError(InvalidInput):
    """What was typed cannot be meant: a file that is not there, a period that is none."""
