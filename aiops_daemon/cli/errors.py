"""A command that was written wrongly: one line, and exit 2 like every other mistake of usage."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiops_daemon.model.errors import InvalidInput


class UsageError(InvalidInput):
    """What was typed cannot be meant: a file that is not there, a period that is none."""


@contextmanager
def readable(source: str) -> Iterator[None]:
    """Whatever is wrong with a file that was named is the word of one line."""
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"{source} cannot be read: {why}") from error
