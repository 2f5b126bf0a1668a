"""Errors say what the caller shall do, not what went wrong inside a library.

AiopsError
|-- RetryLater          the same call may succeed later: leave the message on the queue, keep the incident open
|   `-- Throttled       ... and slow down
|-- GiveUp              it will never succeed: record it, tell people, go on with other work
|   |-- NotPermitted    AWS denied the call: retrying is useless, a policy has to change
|   |-- NotFound        the thing is not there
|   |-- InvalidInput    the request itself is wrong
|   `-- OverBudget      what it would cost is not left in this hour's budget
|-- NeedsHuman          going on by itself would be unsafe
|-- ConditionFailed     a conditional write found another state than it asked for (carries the item it found)
|-- ClaimLost           the claim on the resource ran out and is another incident's now: do not touch the resource
|-- LostOwnership       another worker owns this incident now: stop before the next effect, touch nothing
`-- ConfigurationError  the daemon cannot start like this; says which setting and why
"""

from collections.abc import Mapping

from pydantic import JsonValue


class AiopsError(Exception):
    """Base of every error that this package raises on purpose."""


class RetryLater(AiopsError):
    """The same call may succeed later."""


class Throttled(RetryLater):
    """The service asked us to slow down."""


class GiveUp(AiopsError):
    """The call will never succeed as it is."""


class NotPermitted(GiveUp):
    """AWS denied the call."""


class NotFound(GiveUp):
    """The resource does not exist."""


class InvalidInput(GiveUp):
    """The request is wrong."""


class OverBudget(GiveUp):
    """The budget does not allow the call."""


class NeedsHuman(AiopsError):
    """Going on would be unsafe; the message says what a person has to decide."""


class ConditionFailed(AiopsError):
    """A conditional write found another state. `item` is what it found, {} where nothing was there."""

    def __init__(self, message: str, item: Mapping[str, JsonValue] | None = None) -> None:
        super().__init__(message)
        self.item: Mapping[str, JsonValue] = item or {}


class LostOwnership(AiopsError):
    """Another worker owns the incident."""


class ClaimLost(AiopsError):
    """Another incident holds the resource."""


class ConfigurationError(AiopsError):
    """A setting is missing or contradicts another."""
