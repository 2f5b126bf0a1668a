"""The form of a service's table: one row per kind of message. A new kind is one row; a new service one file and one line in __init__."""

import re
from dataclasses import dataclass

from aiops_daemon.model.event import EventKind


@dataclass(frozen=True, slots=True)
class Row:
    """`title` is searched in the detail-type. `ids`: paths in the detail, the first that names something wins; `arns`: else resources[].

    `name`: paths of what happened (a state, an event id ...); the detail-type where there is none.
    """

    title: str
    kind: EventKind
    type: str
    ids: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    arns: bool = True
    first: bool = False  # only the first value is the resource
    bare: bool = False  # the id may not be replaced by what an ARN says about its type

    def matches(self, detail_type: str) -> bool:
        """Case does not matter."""
        return re.search(self.title, detail_type, re.IGNORECASE) is not None
