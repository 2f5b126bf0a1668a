"""The double of tests/benchmarks with a memory: every accepted write and every call that matters, in order, with who made it.

All of it runs in one event loop and no operation waits between looking and writing, so that the order in the lists is the order in which
things happened.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from typing_extensions import override  # typing has it from 3.12

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.model.incident import State
from tests.benchmarks.aws_http import EC2, Cloud, Request, _xml
from tests.benchmarks.fast_table import FastTable
from tests.benchmarks.stand import TABLE
from tests.chaos.builds import Build, Builds
from tests.chaos.estate import Estate
from tests.doubles.memory_table import _Reader

BOOT_SECONDS = 0.4
STALE_SECONDS = 0.5
QUEUE, DEAD = "events", "parked"
LOST = "i-0d"  # instances that are terminated, not stopped
QUERIES = frozenset({"StartInstances", "StopInstances", "StartDBInstance", "StopDBInstance"})
EFFECTS = QUERIES | {"UpdateService", "PutParameter", "StartBuild"}


def now() -> float:
    return SystemClock().now().timestamp()


@dataclass(frozen=True, slots=True)
class Write:
    """One accepted write: the item as it was left, and the process that wrote it."""

    at: float
    by: str
    item: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """A call that changes a resource, and who was at work there when it was first made (`sent`): the SDK sends it again by itself."""

    at: float
    by: str
    name: str
    instance: str
    changed: bool
    at_work: tuple[tuple[str, str, str], ...]  # (state, process of the owner, incident)
    sent: float = 0.0
    invocation: str = ""


@dataclass
class History:
    """What an outsider saw."""

    writes: list[Write] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    told: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    deleted: list[tuple[float, str, str]] = field(default_factory=list)  # at, by, body; of the event queue
    broken: list[str] = field(default_factory=list)  # the double itself could not answer
    builds: list[Build] = field(default_factory=list)
    ill: list[tuple[str, str]] = field(default_factory=list)  # incidents that ended as verified, and what never got well under them


class RecordedTable(FastTable):
    """Tells `History` what was written and by whom; its indexes lag while the cloud says so."""

    def __init__(self, cloud: "ChaosCloud") -> None:
        super().__init__()
        self._cloud = cloud
        self._before: dict[str, tuple[float, dict[str, Any]]] = {}  # until when, and what an index that lags still shows
        self._latest: dict[str, dict[str, Any]] = {}

    @override
    def _index(self, key: str) -> None:
        self._cloud.wrote(deepcopy(self.items[key]))
        self._before[key] = (now() + STALE_SECONDS, self._latest.get(key, {}))
        self._latest[key] = self.items[key]
        super()._index(key)

    @override
    async def query(self, index: str, condition: str, values: Mapping[str, Any], **more: Any) -> list[Mapping[str, Any]]:
        """Indexes follow the table a little later, each item for itself."""
        found = await super().query(index, condition, values, **more)
        at = now()
        stale = {key: item for key, (until, item) in self._before.items() if until > at and self._cloud.lags()}
        names = more.get("names") or {}
        asked = [part for part in (condition, more.get("filter_by")) if part]
        seen = [item for item in found if item["incident_id"] not in stale]
        seen += [item for item in stale.values() if item and all(_Reader(part, item, values, names).condition() for part in asked)]
        return seen[: more.get("limit")]


class ChaosCloud(Cloud):
    """`caller` is set by the front before each call. Instances in `hopeless` never come up."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.sqs._shuffle = rng
        self.tables = defaultdict(lambda: RecordedTable(self))
        self.caller = "nobody"
        self.history = History()
        self.lags: Callable[[], bool] = lambda: False
        self.invocation = ""
        self.watch: Callable[[Write], None] = lambda _write: None
        self._sent: dict[str, tuple[float, tuple[tuple[str, str, str], ...]]] = {}  # by invocation: when first, who was at work
        self._harmed: dict[str, float] = {}
        self._acting: dict[str, float] = {}  # since when an incident acts
        self.owners: dict[str, str] = {}  # owner of an incident -> process
        self.stopped: set[str] = set()
        self.booting: dict[str, float] = {}
        self.hopeless: set[str] = set()
        self.terminated: set[str] = set()
        self.deadly: set[str] = set()  # event ids: whoever receives one dies
        self.fatal = {"recovery:00000001", "recovery:00000003", "recovery:00000004"}  # builds: who began one dies before it knows
        self.told: list[dict[str, Any]] = []  # alerts of the logs
        self.estate = Estate(now, self._change)
        self.builds = Builds(now, lambda: self.caller, self._change, begun=self.history.builds)

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        return self.tables[TABLE].items

    def incidents(self) -> list[dict[str, Any]]:
        return [item for key, item in self.items.items() if key.startswith("inc-")]

    def wrote(self, item: dict[str, Any]) -> None:
        if item.get("owner"):
            self.owners.setdefault(item["owner"], self.caller)
        write = Write(now(), self.caller, item)
        self.history.writes.append(write)
        self._recovered(item)
        self.watch(write)

    def harm(self, name: str) -> None:
        """Somebody does to the resource what the event says."""
        self._harmed[name] = now()
        if not name.startswith("i-"):
            self.estate.harm(name)
        elif name.startswith(LOST):
            self.terminated.add(name)
        else:
            self.stop(name)

    def well(self, name: str) -> bool:
        if not name.startswith("i-"):
            return self.estate.well(name)
        return self.builds.replacement(name) is not None if name in self.terminated else self.state(name) == "running"

    def _recovered(self, item: Mapping[str, Any]) -> None:
        """Whoever says that a recovery is verified: the resource is well, or was until somebody harmed it again."""
        key, name = item["incident_id"], short(item.get("resource_id", ""))
        if item.get("workflow_state") == State.EXECUTING:
            self._acting.setdefault(key, now())
        if item.get("outcome") == "verified" and not self.well(name) and self._harmed.get(name, 0.0) < self._acting.get(key, 0.0):
            self.history.ill.append((key, name))

    def stop(self, instance: str) -> None:
        self.stopped.add(instance)
        self.booting.pop(instance, None)

    def state(self, instance: str) -> str:
        if instance in self.terminated:
            return "terminated"
        if self.booting.get(instance, 0.0) > now():
            return "pending"
        if self.booting.pop(instance, None) and instance in self.hopeless:
            self.stopped.add(instance)
        return "stopped" if instance in self.stopped else "running"

    @override
    def query_protocol(self, request: Mapping[str, str]) -> str:
        action, instance = request["Action"], request.get("InstanceId.1", "")
        if "DBInstanceIdentifier" in request:
            return self.estate.query(request)
        match action:
            case "Publish":
                told = _attributes(request)
                self.history.told[told["incident_id"], told["kind"], "sns"] += 1
            case "PutMetricData":
                return _xml(action, "")
            case "StartInstances":
                self._change(action, instance, self.state(instance) == "stopped")
                if instance in self.stopped:
                    self.stopped.discard(instance)
                    self.booting[instance] = now() + BOOT_SECONDS
            case "StopInstances":
                self._change(action, instance, self.state(instance) != "stopped")
                self.stop(instance)
                return _xml(action, f"<instancesSet><item><instanceId>{instance}</instanceId></item></instancesSet>", EC2)
        return super().query_protocol(request)

    @override
    def _instance(self, instance: str) -> str:
        if not instance:
            return ""
        name = self.state(instance)
        code = {"pending": 0, "running": 16, "terminated": 48, "stopped": 80}[name]
        state = f"<instanceState><code>{code}</code><name>{name}</name></instanceState>"
        item = f"<item><instanceId>{instance}</instanceId>{state}<launchTime>2026-03-01T00:00:00.000Z</launchTime></item>"
        return f"<item><reservationId>r-1</reservationId><instancesSet>{item}</instancesSet></item>"

    def arrived(self, invocation: str, operation: str, body: bytes) -> None:
        """A call has come in, whatever becomes of it."""
        if operation in EFFECTS and invocation not in self._sent:
            name = _touched(operation, body)
            at_work = tuple(
                (item["workflow_state"], self.owners.get(item.get("owner", ""), ""), item["incident_id"])
                for item in self.incidents()
                if short(item["resource_id"]) == name and item["workflow_state"] in {State.EXECUTING, State.ROLLING_BACK}
            )
            self._sent[invocation] = now(), at_work

    def _change(self, action: str, name: str, changed: bool) -> None:
        sent, at_work = self._sent[self.invocation]
        self.history.effects.append(Effect(now(), self.caller, action, name, changed, at_work, sent, self.invocation))

    async def send(self, body: str) -> None:
        await self.sqs.call("SendMessage", {"QueueUrl": QUEUE, "MessageBody": body})

    def kills(self, operation: str, answer: web.Response) -> bool:
        """Whether nobody survives this answer."""
        if operation == "StartBuild" and self.history.builds and self.history.builds[-1].build_id in self.fatal:
            self.fatal.discard(self.history.builds[-1].build_id)
            return True
        told = answer.body if operation == "ReceiveMessage" and isinstance(answer.body, bytes) else b""
        return any(event.encode() in told for event in self.deadly)

    def json_protocol(self, operation: str, request: Request) -> Request:
        if operation == "FilterLogEvents":
            return {"events": [{"message": json.dumps(told)} for told in self.told], "searchedLogStreams": []}
        return self.builds.call(operation, request) if "Build" in operation else self.estate.call(operation, request)

    async def redriven(self) -> int:
        """What the queue gave up on goes back to it, as an operator would do once the cause is gone; how many."""
        dead = self.sqs.queues[DEAD]
        back = [stored for stored in dead.stored.values() if "aiops_reason" not in stored.attributes]
        for stored in back:
            self.sqs._forget(dead, stored)
            await self.send(stored.body)
        return len(back)

    def deletes(self, request: Request) -> None:
        """Before the queue applies them."""
        queue = str(request["QueueUrl"]).rpartition("/")[2]
        for entry in request["Entries"]:
            stored = self.sqs.queues[queue].stored.get(entry["ReceiptHandle"].partition("#")[0])
            if stored is not None and stored.handle == entry["ReceiptHandle"]:
                self.history.deleted.append((now(), self.caller, stored.body))


def short(resource_id: str) -> str:
    """The last part of an ARN, a path or a plain id."""
    return resource_id.rpartition("/")[2].rpartition(":")[2]


def _touched(operation: str, body: bytes) -> str:
    if operation in QUERIES:
        asked = dict(parse_qsl(body.decode()))
        return asked.get("InstanceId.1") or asked["DBInstanceIdentifier"]
    request = json.loads(body)
    if operation == "StartBuild":
        return next(str(item["value"]) for item in request["environmentVariablesOverride"] if item["name"] == "RESOURCE_ID")
    return short(request.get("service") or request["Name"])


def _attributes(request: Mapping[str, str]) -> dict[str, str]:
    prefix = "MessageAttributes.entry."
    names = {key.removeprefix(prefix).partition(".")[0]: value for key, value in request.items() if key.endswith(".Name")}
    return {name: request[f"{prefix}{number}.Value.StringValue"] for number, name in names.items()}
