"""A command that was written wrongly: one line, and exit 2 like every other mistake of usage."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def writable(path: Path | None) -> Path | None:
    """An option's callback: what will be written at the end is looked at before the work begins."""
    if path is not None and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
        raise UsageError(f"{path} cannot be written")
    return path
