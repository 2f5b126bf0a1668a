"""An incident in a worker's hands, and what it weighs there while its action takes its time."""

import json
import zlib
from datetime import datetime

from aiops_daemon.incidents.record import from_item, to_item
from aiops_daemon.model.incident import Incident


class Held:
    """An incident that this worker owns. `incident` is the record as last written.

    In the middle of a long call nobody looks at it, and it weighs 13 KiB, packed 1.5: `fold` packs it, the next look unpacks it. What
    keeps the lease alive meanwhile (`incident_id`, `fence`, `due_at`: the lease's end as far as we know) is at hand without that.
    """

    _kept: Incident | bytes
    __slots__ = ("_kept", "_seen", "due_at", "fence", "incident_id", "owner")

    def __init__(self, incident: Incident, owner: str) -> None:
        self.owner = owner
        self.incident = incident

    @property
    def incident(self) -> Incident:
        self._seen = True
        kept = self._kept
        if isinstance(kept, bytes):
            self._kept = kept = from_item(json.loads(zlib.decompress(kept)))
        return kept

    @incident.setter
    def incident(self, written: Incident) -> None:
        self._kept = written
        self._seen = True
        self.incident_id: str = written.incident_id
        self.fence: int = written.fence
        self.due_at: datetime | None = written.due_at

    @property
    def packed(self) -> bool:
        """Whether nobody has looked since it was packed."""
        return isinstance(self._kept, bytes)

    def fold(self) -> None:
        """Pack the record, unless somebody looked at it since this was last asked."""
        if not self._seen and isinstance(self._kept, Incident):
            self._kept = zlib.compress(json.dumps(to_item(self._kept)).encode())
        self._seen = False
