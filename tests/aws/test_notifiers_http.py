"""Channels over real HTTP on 127.0.0.1: good, slow, throttled, broken, garbage, gone."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from pydantic import SecretStr

from aiops_daemon.model.errors import AiopsError, GiveUp, RetryLater, Throttled
from aiops_daemon.model.notice import Notice, NoticeKind
from aiops_daemon.notifiers import configured
from aiops_daemon.notifiers.settings import NotifierSettings
from aiops_daemon.notifiers.webhook import SIGNATURE, sign
from aiops_daemon.ports import Notifier
from tests.doubles.scripted_aws import ScriptedAws

NOTICE = Notice(notice_id="n-1", incident_id="inc-1", kind=NoticeKind.FAILED, severity=9, subject="Failed", summary="It failed.")
CHANNELS = ("slack", "slack-bot", "teams", "pagerduty", "webhook")


@dataclass
class Channel:
    """A server that answers as told, and keeps what it got. `status` 0: it never answers."""

    url: str = ""
    status: int = 200
    body: str = '{"ok": true}'
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        if self.status == 0:
            await self.gone.wait()
        headers = {"Location": "http://127.0.0.1:1/elsewhere"} if self.status == 302 else {}
        return web.Response(status=self.status or 200, text=self.body, headers=headers)


@pytest.fixture
async def server() -> AsyncIterator[Channel]:
    channel = Channel()
    app = web.Application()
    app.router.add_post("/{path:.*}", channel.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    channel.url = f"http://{host}:{port}"
    yield channel
    channel.gone.set()
    await runner.cleanup()


def channel(name: str, url: str, timeout: float = 5) -> Notifier:
    secret = SecretStr(f"{url}/hook/s3cret-path")
    settings = NotifierSettings(
        slack_webhook_url=secret,
        slack_bot_token=SecretStr("xoxb-s3cret"),
        slack_channel="C1",
        slack_api_url=url,
        teams_webhook_url=secret,
        pagerduty_routing_key=SecretStr("key-s3cret"),
        pagerduty_url=f"{url}/v2/enqueue",
        webhook_url=secret,
        webhook_secret=SecretStr("signing-s3cret"),
        timeout_seconds=timeout,
    )
    return next(found for found in configured(settings, ScriptedAws()) if found.name == name)


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_good_channel_gets_one_json_message(server: Channel, name: str) -> None:
    await channel(name, server.url).deliver(NOTICE)
    [(headers, body)] = server.got
    assert headers["Content-Type"].startswith("application/json")
    assert "Failed" in json.dumps(json.loads(body))


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, Throttled), (500, RetryLater), (503, RetryLater), (408, RetryLater), (400, GiveUp), (404, GiveUp), (302, GiveUp)],
)
@pytest.mark.parametrize("name", CHANNELS)
async def test_a_refusal_says_what_to_do_and_no_secret(server: Channel, name: str, status: int, error: type[AiopsError]) -> None:
    server.status, server.body = status, "no"
    with pytest.raises(error) as caught:
        await channel(name, server.url).deliver(NOTICE)
    assert type(caught.value) is error
    assert "s3cret" not in str(caught.value)
    assert str(status) in str(caught.value)


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_silent_or_closed_channel_is_tried_again(server: Channel, name: str) -> None:
    server.status = 0
    with pytest.raises(RetryLater, match="no answer") as caught:
        await channel(name, server.url, timeout=0.05).deliver(NOTICE)
    assert "s3cret" not in str(caught.value)
    with pytest.raises(RetryLater, match="no answer"):
        await channel(name, "http://127.0.0.1:1").deliver(NOTICE)


async def test_an_address_that_is_none_is_given_up() -> None:
    with pytest.raises(GiveUp, match="no URL"):
        await channel("webhook", "https://[nonsense").deliver(NOTICE)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<html>proxy</html>", RetryLater),
        ("[]", RetryLater),
        ('{"ok": false, "error": "internal_error"}', RetryLater),
        ('{"ok": false, "error": "ratelimited"}', Throttled),
        ('{"ok": false, "error": "channel_not_found"}', GiveUp),
        ("{}", GiveUp),
    ],
)
async def test_slacks_api_refuses_with_status_200(server: Channel, body: str, error: type[AiopsError]) -> None:
    server.body = body
    with pytest.raises(error) as caught:
        await channel("slack-bot", server.url).deliver(NOTICE)
    assert type(caught.value) is error


async def test_the_bot_sends_its_token_and_channel(server: Channel) -> None:
    await channel("slack-bot", server.url).deliver(NOTICE)
    [(headers, body)] = server.got
    assert headers["Authorization"] == "Bearer xoxb-s3cret"
    assert json.loads(body)["channel"] == "C1"


async def test_a_receiver_can_check_the_webhook(server: Channel) -> None:
    await channel("webhook", server.url).deliver(NOTICE)
    [(headers, body)] = server.got
    assert headers[SIGNATURE] == sign(body, SecretStr("signing-s3cret"))
    assert headers["Idempotency-Key"] == "n-1"
    assert Notice.model_validate(json.loads(body)["notice"]) == NOTICE


async def test_an_unsigned_webhook_has_no_signature(server: Channel) -> None:
    [plain] = configured(NotifierSettings(webhook_url=SecretStr(server.url)), ScriptedAws())
    await plain.deliver(NOTICE)
    assert SIGNATURE not in server.got[0][0]


@pytest.mark.parametrize(("kind", "messages"), [(NoticeKind.REVIEW, 0), (NoticeKind.RECOVERED, 1)])
async def test_pagerduty_wakes_nobody_for_little_but_always_resolves(server: Channel, kind: NoticeKind, messages: int) -> None:
    await channel("pagerduty", server.url).deliver(NOTICE.model_copy(update={"severity": 3, "kind": kind}))
    assert len(server.got) == messages
