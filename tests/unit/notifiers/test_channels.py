"""What each channel gets to see, without a network."""

import hashlib
import hmac
import json
from typing import Any, cast

import pytest
from pydantic import SecretStr, ValidationError

from aiops_daemon.model.notice import Notice, NoticeKind, TimelineRow
from aiops_daemon.notifiers import configured
from aiops_daemon.notifiers.pagerduty import event
from aiops_daemon.notifiers.render import plain_text
from aiops_daemon.notifiers.settings import NotifierSettings
from aiops_daemon.notifiers.slack import message
from aiops_daemon.notifiers.sns import MESSAGE_LIMIT, SnsNotifier
from aiops_daemon.notifiers.teams import card
from aiops_daemon.notifiers.webhook import sign
from tests.doubles.scripted_aws import ScriptedAws

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
LONG = tuple(TimelineRow(at="2026-03-01T12:00:00Z", state="EXECUTING", note="漢" * 900, seconds=1.0) for _ in range(300))


async def published(notice: Notice, topic: str = TOPIC) -> dict[str, Any]:
    aws = ScriptedAws(publish=[{}])
    await SnsNotifier(topic, aws).deliver(notice)
    assert aws.places == [("sns", "eu-central-1", None)]
    return aws.asked[0][1]


async def test_sns_gets_subject_timeline_and_attributes(notice: Notice) -> None:
    sent = await published(notice)
    assert sent["Subject"] == notice.subject
    assert "gave up" in sent["Message"]
    assert {name: value["StringValue"] for name, value in sent["MessageAttributes"].items()} == {
        "kind": "failed",
        "severity": "8",
        "incident_id": "inc-1",
    }
    assert "MessageGroupId" not in sent


async def test_sns_limits_hold(notice: Notice) -> None:
    sent = await published(notice.model_copy(update={"subject": "Störung\n" * 40, "timeline": LONG}))
    assert len(sent["Subject"]) <= 100
    assert sent["Subject"].isascii()
    assert "\n" not in sent["Subject"]
    assert len(sent["Message"].encode()) <= MESSAGE_LIMIT
    assert (await published(notice.model_copy(update={"subject": "\n"})))["Subject"] == "aiops-daemon"


async def test_a_fifo_topic_gets_group_and_deduplication(notice: Notice) -> None:
    sent = await published(notice, TOPIC + ".fifo")
    assert (sent["MessageGroupId"], sent["MessageDeduplicationId"]) == ("inc-1", "inc-1.failed")


def test_slack_text_is_inert(notice: Notice) -> None:
    text = json.dumps(message(notice), ensure_ascii=False)
    assert "<!channel>" not in text
    assert "<https" not in text
    assert "&lt;!channel&gt;" in text
    assert text.count("```") == 4  # two fences, and none from the event


def test_slack_limits_hold(notice: Notice) -> None:
    rows = tuple(("label" * 50, "<" * 5000) for _ in range(40))
    long = notice.model_copy(
        update={"subject": "s" * 900, "summary": "&" * 9000, "facts": rows, "timeline": LONG, "actions": ("a" * 900,) * 20}
    )
    blocks = cast("list[dict[str, Any]]", message(long)["blocks"])
    assert len(blocks) <= 50
    assert len(blocks[0]["text"]["text"]) <= 150
    assert all(len(block["text"]["text"]) <= 3000 for block in blocks if block["type"] == "section" and "text" in block)
    [fields] = [block["fields"] for block in blocks if "fields" in block]
    assert len(fields) <= 10
    assert all(len(field["text"]) <= 2000 for field in fields)


def test_what_a_person_can_do_stands_before_the_long_part_on_every_channel(notice: Notice) -> None:
    long = notice.model_copy(update={"timeline": LONG})
    for text in (json.dumps(message(long)), json.dumps(card(long)), plain_text(long)):
        assert 0 < text.index("aiops-daemon incidents show") < text.index("2026-03-01T12:00:00Z  EXECUTING")


def test_a_short_notice_has_no_empty_blocks(notice: Notice) -> None:
    short = notice.model_copy(update={"facts": (), "timeline": (), "actions": (), "severity": 3, "kind": NoticeKind.RECOVERED})
    assert [block["type"] for block in cast("list[dict[str, Any]]", message(short)["blocks"])] == ["header", "section", "context"]
    assert "white_check_mark" in json.dumps(message(short))
    assert '"good"' in json.dumps(card(short))
    assert "FactSet" not in json.dumps(card(short))


def test_a_teams_card_is_inert_and_small_enough(notice: Notice) -> None:
    hostile = notice.model_copy(update={"summary": "[click](https://evil.example) <at>everyone</at>", "timeline": LONG, "severity": 4})
    body = json.dumps(card(hostile), ensure_ascii=False)
    assert "](" not in body
    assert "<at>" not in body
    assert len(body.encode()) < 28_000
    assert '"AdaptiveCard"' in body


@pytest.mark.parametrize(("severity", "word"), [(10, "critical"), (8, "error"), (5, "warning"), (1, "info")])
def test_pagerduty_triggers_with_the_incident_as_key(notice: Notice, severity: int, word: str) -> None:
    sent = event(notice.model_copy(update={"severity": severity, "timeline": LONG}), "key")
    assert (sent["event_action"], sent["dedup_key"]) == ("trigger", "inc-1")
    payload = cast("dict[str, Any]", sent["payload"])
    assert payload["severity"] == word
    assert payload["custom_details"]["Resource"] == "ec2:instance i-0123456789abcdef0"
    assert len(json.dumps(sent, ensure_ascii=False).encode()) < 512_000


def test_pagerduty_resolves_on_recovery(notice: Notice) -> None:
    recovered = notice.model_copy(update={"kind": NoticeKind.RECOVERED})
    assert event(recovered, "key") == {"routing_key": "key", "dedup_key": "inc-1", "event_action": "resolve"}


def test_an_opened_breaker_is_an_alert_of_its_own(notice: Notice) -> None:
    opened = notice.model_copy(update={"kind": NoticeKind.BREAKER, "notice_id": "inc-1.breaker"})
    assert event(opened, "key")["dedup_key"] == "inc-1.breaker"


def test_the_webhook_signature_is_plain_hmac() -> None:
    expected = hmac.new(b"secret", b"body", hashlib.sha256).hexdigest()
    assert sign(b"body", SecretStr("secret")) == f"sha256={expected}"


def test_only_what_is_set_up_is_a_channel() -> None:
    url = SecretStr("https://hooks.example/secret")
    everything = NotifierSettings(
        sns_topic_arn=TOPIC,
        slack_webhook_url=url,
        slack_bot_token=SecretStr("xoxb"),
        slack_channel="C1",
        teams_webhook_url=url,
        pagerduty_routing_key=SecretStr("key"),
        webhook_url=url,
    )
    assert configured(NotifierSettings(), ScriptedAws()) == ()
    names = [channel.name for channel in configured(everything, ScriptedAws())]
    assert names == ["sns", "slack", "slack-bot", "teams", "pagerduty", "webhook"]
    assert "hooks.example" not in repr(everything)


@pytest.mark.parametrize("wrong", [{"slack_bot_token": "x"}, {"slack_channel": "C1"}, {"sns_topic_arn": "alerts"}, {"email": "x"}])
def test_half_a_channel_is_a_configuration_error(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        NotifierSettings.model_validate(wrong)
