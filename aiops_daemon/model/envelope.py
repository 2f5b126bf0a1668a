"""A message of the queue with its wrapping taken off, before anybody asks what it means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Envelope:
    """The fields of an EventBridge event, whatever shape the message had.

    `account` is 12 digits and `region` looks like one: either may reach an API. `assumed` lists the fields that the message lacked
    (or that were unusable) and that were filled from the queue, the clock or the message's other fields.
    """

    id: str
    source: str  # aws.ec2 ...
    detail_type: str
    account: str
    region: str
    time: datetime
    received_at: datetime
    resources: tuple[str, ...] = ()
    detail: Mapping[str, JsonValue] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    shape: str = "eventbridge"
