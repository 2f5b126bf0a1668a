"""Label values that come from messages: there must not be as many series as senders have ideas."""


class Reasons:
    """Turns a sentence into a label: what stands before the first colon, and at most `limit` different ones."""

    def __init__(self, limit: int = 60) -> None:
        self._limit = limit
        self._seen: set[str] = set()

    def label(self, reason: str) -> str:
        """The label for `reason`; `other` once there are too many."""
        code = reason.partition(":")[0].strip()[:60] or "unspecified"
        if code in self._seen:
            return code
        if len(self._seen) >= self._limit:
            return "other"
        self._seen.add(code)
        return code
