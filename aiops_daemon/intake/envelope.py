"""An SQS body -> one Envelope, or why there is none.

A body is whatever somebody wrote to the queue: JSON within JSON, an SNS wrapping, a service's own shape, or an attack. Nothing here
raises, and nothing is guessed from text that is not understood.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from aiops_daemon.intake.shapes import Draft, draft_of, text_draft
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import Ignored, Parked

MAX_BYTES = 1024 * 1024  # SQS's own limit
_WRAPPINGS = 5  # string in SNS in string in SNS ...: nobody honest needs more
_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2,8}(?:-[a-z]{2,20}){1,3}-\d{1,2}[a-z]?")
# What can hide or reorder text on a screen or break an encoder: controls, zero-width and bidi marks, lone surrogates.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")
_CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")  # a tuple: the value looked for may be a list


def open_envelope(body: str | bytes, *, queue_account: str, queue_region: str, received_at: datetime) -> Envelope | Ignored | Parked:
    """Never raises. The id is the same for the same message delivered twice."""
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    if len(text) > MAX_BYTES:
        return Parked(reason=f"body too large: {len(text)} characters")
    value: JsonValue | Parked | Ignored = _parse(text)
    message_id = ""
    for _ in range(_WRAPPINGS):
        if isinstance(value, str):
            value = _parse(value)
        elif isinstance(value, dict) and _is_sns(value):
            message_id = message_id or _plain(value.get("MessageId"))
            if value.get("Type") in _CONFIRMATIONS:
                return Ignored(reason="SNS subscription notice")
            value = _open_sns(value)
        else:
            break
    if not isinstance(value, dict):
        return value if isinstance(value, Parked | Ignored) else Parked(reason=f"not a JSON object: {_kind(value)}")
    draft = draft_of(value)
    if isinstance(draft, Parked | Ignored):
        return draft
    return _complete(draft, message_id or _digest(text), queue_account, queue_region, received_at)


def _parse(text: str) -> JsonValue | Parked:
    """NaN and infinities become null: no JSON, no DynamoDB and no rule knows them."""
    try:
        value: JsonValue = json.loads(text, parse_constant=lambda _: None)
    except RecursionError:
        return Parked(reason="nested too deeply")
    except ValueError:
        return Parked(reason="not JSON")
    return value


def _is_sns(value: Mapping[str, JsonValue]) -> bool:
    return value.get("Type") in ("Notification", *_CONFIRMATIONS) and ("TopicArn" in value or "MessageId" in value)


def _open_sns(value: Mapping[str, JsonValue]) -> JsonValue | Parked | Ignored:
    message = value.get("Message")
    if isinstance(message, dict):
        return message
    if not isinstance(message, str):
        return Parked(reason="SNS message without text")
    inner = _parse(message)
    if isinstance(inner, dict | str):
        return inner
    if isinstance(inner, Parked) and inner.reason != "not JSON":
        return inner
    text = text_draft(message, value)
    return text if text is not None else Ignored(reason="SNS text message: no event in it")


def _complete(draft: Draft, fallback_id: str, queue_account: str, queue_region: str, received_at: datetime) -> Envelope | Parked:
    detail: JsonValue | Parked = _parse(draft.detail) if isinstance(draft.detail, str) else draft.detail
    if not isinstance(detail, dict):
        return Parked(reason="no detail" if detail is None else f"detail is no object: {_kind(detail)}")
    assumed: list[str] = []

    def first(field: str, *candidates: JsonValue, default: str) -> str:
        """The first usable candidate; only one from the message's own field counts as said."""
        for place, candidate in enumerate(candidates):
            if usable := _usable(field, candidate):
                assumed.extend([field] if place else [])
                return usable
        assumed.append(field)
        return default

    name = _plain(detail.get("eventName"))
    event_source = _plain(detail.get("eventSource"))
    derived = "aws." + event_source.partition(".")[0] if ".amazonaws." in event_source else None
    source = first("source", draft.source, derived, default="")
    detail_type = first("detail-type", draft.detail_type, _call_type(detail) if name else None, default="")
    if not source and not name:
        return Parked(reason="no source: nobody says which service this is about")
    identity = first("id", draft.id, detail.get("eventID"), default=fallback_id)
    account = first("account", draft.account, detail.get("recipientAccountId"), detail.get("awsAccountId"), default=queue_account)
    region = first("region", draft.region, detail.get("awsRegion"), default=queue_region)
    when = _time(draft.time) or _time(detail.get("eventTime"))
    if when is None:
        assumed.append("time")
    listed = draft.resources if isinstance(draft.resources, list) else []
    return Envelope(
        id=identity,
        source=source,
        detail_type=detail_type,
        account=account,
        region=region,
        time=when or received_at,
        received_at=received_at,
        resources=tuple(item for item in listed if isinstance(item, str)),
        detail=detail,
        assumed=tuple(assumed),
        shape=draft.shape,
    )


def _usable(field: str, value: JsonValue) -> str:
    text = _plain(value)
    if field == "account":
        return text if _ACCOUNT.fullmatch(text) and text.isascii() else ""
    if field == "region":
        return text if _REGION.fullmatch(text) else ""
    return text


def _plain(value: JsonValue) -> str:
    """A short, printable string, or ''."""
    return _UNPRINTABLE.sub("", value).strip()[:256] if isinstance(value, str) else ""


def _call_type(detail: Mapping[str, JsonValue]) -> str:
    kinds = {
        "AwsServiceEvent": "AWS Service Event via CloudTrail",
        "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
        "AwsConsoleAction": "AWS Console Action via CloudTrail",
        "AwsCloudTrailInsight": "AWS Insight via CloudTrail",
    }
    return kinds.get(_plain(detail.get("eventType")), "AWS API Call via CloudTrail")


def _time(value: JsonValue) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip()[:64])
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _digest(text: str) -> str:
    return "body-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _kind(value: object) -> str:
    return {list: "a list", bool: "true or false", int: "a number", float: "a number", type(None): "null"}.get(type(value), "text")
