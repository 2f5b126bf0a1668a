"""Label values that come from messages: there must not be as many series as senders have ideas."""

import re

_ID = re.compile(r"(?=\S{6,})\S*[\d/@]\S*")  # i-0123456789, arn:aws:..., user@host; not S3, EC2 or v2
_CACHED = 1000


class Reasons:
    """Turns a sentence into a label: what stands before the first colon, without ids, and at most `limit` different ones."""

    def __init__(self, limit: int = 60) -> None:
        self._limit = limit
        self._labels: set[str] = set()
        self._known: dict[str, str] = {}

    def label(self, reason: str) -> str:
        """The label for `reason`; `other` once there are too many."""
        code = reason.partition(":")[0]
        known = self._known.get(code)
        if known is not None:
            return known
        label = _ID.sub("*", code).strip()[:60] or "unspecified"
        if label not in self._labels:
            if len(self._labels) >= self._limit:
                return "other"
            self._labels.add(label)
        if len(self._known) < _CACHED:
            self._known[code] = label
        return label
