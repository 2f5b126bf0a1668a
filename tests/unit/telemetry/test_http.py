"""The handlers without a socket; the surface over TCP is in tests/aws/test_http_surface.py."""

import json
from datetime import UTC, datetime

import pytest
from aiohttp.test_utils import make_mocked_request

from aiops_daemon import __version__
from aiops_daemon.telemetry.health import Check, Health, Watchdog
from aiops_daemon.telemetry.http import HttpServer
from aiops_daemon.telemetry.metrics import Metrics
from aiops_daemon.telemetry.settings import TelemetrySettings


class HandClock:
    seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class World:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.health = Health()
        self.metrics = Metrics()
        settings = TelemetrySettings()
        watchdog = Watchdog(settings, self.clock, self.metrics.process)
        self.server = HttpServer(settings, self.metrics, lambda: self.health, watchdog)


@pytest.fixture
async def world() -> World:
    return World()


async def test_healthz_is_red_once_the_beat_stops(world: World) -> None:
    request = make_mocked_request("GET", "/healthz")
    assert (await world.server.healthz(request)).status == 200
    world.clock.seconds = 31
    answer = await world.server.healthz(request)
    assert answer.status == 503
    assert json.loads(answer.text or "") == {"alive": False, "last_beat_seconds": 31.0}


async def test_readyz_gives_the_reasons_and_sets_the_gauge(world: World) -> None:
    request = make_mocked_request("GET", "/readyz")
    world.health = Health((Check("queue", "queue aiops-events does not exist"), Check("table")))
    answer = await world.server.readyz(request)
    assert answer.status == 503
    assert json.loads(answer.text or "") == {
        "ready": False,
        "checks": [
            {"name": "queue", "ok": False, "reason": "queue aiops-events does not exist"},
            {"name": "table", "ok": True, "reason": None},
        ],
    }
    assert world.metrics.registry.get_sample_value("aiops_ready", {"check": "queue"}) == 0
    world.health = Health((Check("queue"),))
    assert (await world.server.readyz(request)).status == 200
    assert world.metrics.registry.get_sample_value("aiops_ready", {"check": "queue"}) == 1


async def test_a_person_who_opens_the_port_sees_what_is_here_and_what_is_wrong(world: World) -> None:
    world.health = Health((Check("queue", "queue aiops-events does not exist"), Check("table")))
    said = (await world.server.index(make_mocked_request("GET", "/"))).text or ""
    assert "NOT ready\n  queue: queue aiops-events does not exist\n  table: ok\n" in said
    assert "/metrics  /healthz  /readyz" in said


async def test_the_page_says_whether_it_acts_at_all(world: World) -> None:
    async def said() -> str:
        return (await world.server.index(make_mocked_request("GET", "/"))).text or ""

    process, guards = world.metrics.process, world.metrics.guards
    process.build.info({"version": __version__, "mode": "observe"})
    assert (
        "mode: observe (everything is decided and recorded, nothing is touched)\nstop switch: run, as read within the last minute"
        in await said()
    )
    process.build.info({"version": __version__, "mode": "act"})
    guards.kill_switch.set(1)
    assert "mode: act\nstop switch: STOPPED, no step runs (`aiops-daemon status` says who and why)\n" in await said()


@pytest.mark.parametrize(("accept", "end"), [("", b""), ("application/openmetrics-text; version=1.0.0", b"# EOF\n")])
async def test_metrics_in_the_format_asked_for(world: World, accept: str, end: bytes) -> None:
    world.metrics.intake.received.inc(3)
    answer = await world.server.metrics(make_mocked_request("GET", "/metrics", headers={"Accept": accept}))
    body = answer.body
    assert isinstance(body, bytes)
    assert b"aiops_messages_received_total 3.0" in body
    assert body.endswith(end)
