"""A message of the queue, and what its handler says shall become of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Message:
    """As received. `receive_count` is 1 the first time; `received_at` is our clock, `sent_at` is SQS's."""

    message_id: str
    body: str
    receipt_handle: str
    receive_count: int
    sent_at: datetime
    sender_id: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """Its events are durably recorded: delete it."""


@dataclass(frozen=True, slots=True)
class Drop:
    """It needs nothing: delete it and count `reason` (what stands before a colon becomes the metric's label)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Park:
    """It cannot be understood: to the dead-letter queue with `reason`, then delete it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now: it becomes visible again after a backoff that grows with its receive count."""

    reason: str


Disposition = Done | Drop | Park | Retry
