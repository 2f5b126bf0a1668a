"""The way to the double, one port a daemon: throttles, refuses, delays, and loses replies after they were applied.

A trap is set for one daemon's next call of a kind: it is killed or stopped right before that call is applied, or right after.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

from aiohttp import web
from typing_extensions import override  # typing has it from 3.12

from tests.benchmarks.aws_http import AwsHttp
from tests.chaos.cloud import ChaosCloud, now
from tests.chaos.estate import Refused
from tests.chaos.wire import called, refusal, throttled

Kind = Literal["none", "throttled", "unavailable", "dropped", "lost reply", "slow"]
RATES: dict[Kind, float] = {"throttled": 0.04, "unavailable": 0.02, "dropped": 0.01, "lost reply": 0.03, "slow": 0.05}
STALE = 0.3


@dataclass
class Weather:
    """Which fault meets a call. From `quiet` on there is none."""

    rng: random.Random
    quiet: bool = True
    injected: Counter[str] = field(default_factory=Counter)
    outages: dict[str, float] = field(default_factory=dict)  # service -> until when it answers nothing but 503

    def outage(self, service: str, seconds: float) -> None:
        self.outages[service] = now() + seconds
        self.injected["outage"] += 1

    def fault(self, service: str) -> Kind:
        if self.quiet or service == "sts":  # a daemon that cannot learn its account at start ends, and is started again
            return "none"
        kind: Kind = "unavailable" if self.outages.get(service, 0.0) > now() else self._drawn()
        if kind != "none":
            self.injected[kind] += 1
        return kind

    def lags(self) -> bool:
        """Whether an index still shows an item as it was."""
        late = not self.quiet and self.rng.random() < STALE
        self.injected["stale read"] += late
        return late

    def _drawn(self) -> Kind:
        at = self.rng.random()
        for kind, rate in RATES.items():
            if at < rate:
                return kind
            at -= rate
        return "none"


@dataclass
class Trap:
    """`spring` kills or stops the daemon; `wanted` looks at the call."""

    wanted: Callable[[str, bytes], bool]
    after: bool
    spring: Callable[[], None]
    calls: int = 1  # springs on the n-th of them


class Front(AwsHttp):
    """One daemon's door. `name` goes to the double as the caller."""

    def __init__(self, cloud: ChaosCloud, weather: Weather) -> None:
        super().__init__(cloud)
        self.chaos = cloud
        self.name = "?"
        self.traps: list[Trap] = []
        self.kill: Callable[[], None] = lambda: None
        self.polls = 0  # of this process: from the first one on it works
        self._weather = weather

    @property
    @override
    def url(self) -> str:
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    @override
    async def _serve(self, request: web.BaseRequest) -> web.Response:
        caller = self.name  # a delayed call stays its sender's, who may be dead when it arrives
        body = await request.content.read()
        service, operation = called(request, body)
        invocation = request.headers.get("amz-sdk-invocation-id", "")
        self.chaos.arrived(invocation, operation, body)
        fault = self._weather.fault(service)
        if fault == "slow":
            await asyncio.sleep(self._weather.rng.choice((0.05, 0.2, 0.6, 2.0)))
        if fault == "throttled":
            return throttled(service)
        if fault == "unavailable":
            return web.Response(status=503, text="<html>Service Unavailable</html>")
        if fault == "dropped":
            return _cut(request)
        trap = self._trap(operation, body)
        if trap is not None and not trap.after:
            trap.spring()
        try:
            self.chaos.caller, self.chaos.invocation = caller, invocation
            answer = await self._apply(service, operation, body or request.path.encode())
        except Refused as refused:
            answer = refusal(service, refused)
        except Exception as error:  # noqa: BLE001  # the double lacks something: that is no fault of the daemon and must be seen
            self.chaos.history.broken.append(f"the double failed in {operation}: {error!r}")
            return web.Response(status=500)
        if trap is not None and trap.after:
            trap.spring()
        if self.chaos.kills(operation, answer):
            self.kill()
        return _cut(request) if fault == "lost reply" else answer

    async def _apply(self, service: str, operation: str, body: bytes) -> web.Response:
        match service:
            case "AmazonSQS":
                asked = json.loads(body)
                self.polls += operation == "ReceiveMessage"
                if operation == "DeleteMessageBatch":
                    self.chaos.deletes(asked)
                return await self._sqs(operation, asked)
            case "DynamoDB_20120810":
                return await self._dynamo(operation, json.loads(body))
            case "s3":
                return web.Response(body=self.chaos.builds.plan_json(body.decode()), headers={"ETag": '"x"'})
            case "CodeBuild_20161006" | "Logs_20140328" | "AmazonSSM" | "AmazonEC2ContainerServiceV20141113":
                return _json(self.chaos.json_protocol(operation, json.loads(body)))
            case _:
                return web.Response(text=self.chaos.query_protocol(dict(parse_qsl(body.decode()))), content_type="text/xml")

    def _trap(self, operation: str, body: bytes) -> Trap | None:
        for trap in self.traps:
            if trap.wanted(operation, body):
                trap.calls -= 1
                if trap.calls == 0:
                    self.traps.remove(trap)
                    return trap
        return None


def _json(answer: Mapping[str, Any]) -> web.Response:
    return web.Response(text=json.dumps(answer), content_type="application/x-amz-json-1.1")


def _cut(request: web.BaseRequest) -> web.Response:
    """The connection ends without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
