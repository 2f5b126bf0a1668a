"""One seed: three daemons, the traffic, the faults, the kills and stops; then quiet until converged; then the judgement."""

import asyncio
import json
import random
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.stand import ACCOUNT, REGION
from tests.chaos.cloud import DEAD, QUEUE, ChaosCloud, now
from tests.chaos.daemons import COOLDOWN_SECONDS, LEASE, Daemon, settings
from tests.chaos.estate import SWITCH
from tests.chaos.events import versioned
from tests.chaos.front import Front, Trap, Weather
from tests.chaos.judge import Seen, Wanted, broken
from tests.chaos.people import People
from tests.chaos.report import Report
from tests.chaos.traffic import Traffic
from tests.chaos.variants import TOKEN_SECONDS
from tests.chaos.wire import SERVICES

FLEET = 3
MAX_RECEIVES = 3  # five as shipped
LOGS = Path("build/chaos")
CONVERGE_SECONDS = 120.0
STILL_SECONDS = 2.0  # converged means: nothing is open and nothing happens for this long
TRAPPED = (
    "UpdateItem", "UpdateItem", "PutItem", "Publish", "StartInstances", "DescribeInstances", "DeleteMessageBatch", "SendMessage",
    "StartBuild", "StartBuild", "UpdateService", "PutParameter", "StartDBInstance",
)  # fmt: skip
TRAPPED_STOPS = (  # in the middle of a step, after a look at the kill switch, or in a write
    "DescribeInstances", "DescribeInstances", "DescribeDBInstances", "DescribeServices", "GetParameterHistory", "BatchGetBuilds",
    "ListBuildsForProject", "GetItem", "GetItem", "UpdateItem", "PutItem", "ReceiveMessage",
)  # fmt: skip


class Story:
    """`seconds` of trouble, then as long as it takes."""

    def __init__(self, seed: int, seconds: float, mutant: str = "", logs: Path = LOGS) -> None:
        self.report = Report(seed)
        self._rng = random.Random(f"story {seed}")
        self._seconds = seconds
        self._variants = [*(["short_tokens"] if seed % 2 else []), "told_alerts", *([mutant] if mutant else [])]
        self.logs = logs / f"seed-{seed}"
        self._by_parameter = seed % 3 == 0  # how the kill switch is set
        self._budgets = (6, 1) if seed % 5 == 0 else (100_000, 3)  # an account's recoveries an hour, a resource's a day
        self._traffic = Traffic(seed, seconds)
        self._cloud = ChaosCloud(random.Random(f"queue {seed}"))
        self._weather = Weather(random.Random(f"weather {seed}"))
        self._cloud.lags = self._weather.lags
        if "short_tokens" in self._variants:
            self._cloud.builds.token_seconds = TOKEN_SECONDS
        self._daemons: list[Daemon] = []

    async def tell(self) -> Report:
        self.logs.mkdir(parents=True, exist_ok=True)
        redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{DEAD}", "maxReceiveCount": MAX_RECEIVES})
        await self._cloud.sqs.call("CreateQueue", {"QueueName": QUEUE, "Attributes": {"RedrivePolicy": redrive}})
        await self._cloud.sqs.call("CreateQueue", {"QueueName": DEAD})
        self._cloud.hopeless |= self._traffic.hopeless
        self._cloud.estate.hopeless |= self._traffic.hopeless
        self._cloud.builds.hopeless |= self._traffic.hopeless
        self._cloud.deadly |= self._traffic.deadly
        async with self._fleet():
            await self._trouble()
            await self._quiet()
            await self._judge()
        if self.report.broken:
            text = "\n".join([self.report.line(), *self.report.broken, ""])
            (self.logs / "report.txt").write_text(text, encoding="utf-8")
        else:
            shutil.rmtree(self.logs)
        return self.report

    @asynccontextmanager
    async def _fleet(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as doors:
            for number in range(FLEET):
                front = await doors.enter_async_context(Front(self._cloud, self._weather))
                log = self.logs / f"daemon-{number}.log"
                log.unlink(missing_ok=True)
                daemon = Daemon(number, front, log, settings(front, **self._varied()), "+".join(self._variants))
                front.kill = partial(self._kill, daemon)
                self._daemons.append(daemon)
            try:
                async with asyncio.TaskGroup() as group:
                    keepers = [group.create_task(self._keep(daemon)) for daemon in self._daemons]
                    yield
                    for keeper in keepers:
                        keeper.cancel()
                await self._leave()
            finally:
                for daemon in self._daemons:
                    daemon.kill()
                    await daemon.gone()

    def _varied(self) -> dict[str, str]:
        """What the seed changes: waits in place or parked, how the switch is set, budgets, breaker; and every fourth seed storms."""
        seed, (per_hour, per_resource) = self.report.seed, self._budgets
        varied = {
            "LOGWATCH__ENABLED": "true",
            "WORKFLOW__WAIT_IN_PLACE_SECONDS": "0" if seed % 2 else "3",
            "WORKFLOW__RECOVERIES_PER_ACCOUNT_AND_HOUR": str(per_hour),
            "WORKFLOW__RECOVERIES_PER_RESOURCE_AND_DAY": str(per_resource),
        }
        varied |= {"WORKFLOW__KILL_SWITCH_PARAMETER": SWITCH} if self._by_parameter else {}
        varied |= {"WORKFLOW__BREAKER_FAILURES": "1"} if seed % 7 == 0 else {}
        return varied | ({"WORKFLOW__STORM_RESOURCES": "6", "WORKFLOW__STORM_SECONDS": "3"} if seed % 4 == 0 else {})

    async def _keep(self, daemon: Daemon) -> None:
        """Started again whenever it is gone, as ECS would."""
        while True:
            await daemon.start()
            await daemon.gone()
            self.report.own_exits += not daemon.killed
            await asyncio.sleep(self._rng.uniform(0.1, 1.0))

    async def _trouble(self) -> None:
        await self._ready()
        self._weather.quiet = False
        began = now()
        people = People(self._cloud, self._rng, by_parameter=self._by_parameter)
        async with asyncio.TaskGroup() as group:
            for task in (self._send, self._alert, self._strike, self._outages, people.answer, people.switch):
                group.create_task(task(began + self._seconds))

    async def _ready(self) -> None:
        """All three have asked the queue once."""
        async with asyncio.timeout(60):
            while self._cloud.sqs.calls["ReceiveMessage"] < FLEET:  # noqa: ASYNC110  # the double has no event for it
                await asyncio.sleep(0.05)

    async def _send(self, end: float) -> None:
        began = end - self._seconds
        versions: dict[str, str] = {}
        for at, body, stops in self._traffic.timeline():
            await asyncio.sleep(max(0.0, began + at - now()))
            for name in stops:
                self._cloud.harm(name)
                if name.startswith("flag-"):
                    versions[body] = versioned(body, self._cloud.estate.version(name))
            await self._cloud.send(versions.get(body, body))
        self.report.duplicates = self._traffic.duplicates

    async def _alert(self, end: float) -> None:
        began = end - self._seconds
        for at, name, service in sorted(self._traffic.alerts):
            await asyncio.sleep(max(0.0, began + at - now()))
            self._cloud.told.append({"id": name, "group": f"/chaos/out-{service}", "at": int(now())})

    async def _strike(self, end: float) -> None:
        """A kill or a stop about every 1.2 s; half of them right at a call."""
        while now() < end:
            await asyncio.sleep(self._rng.uniform(0.6, 1.8))
            daemon = self._rng.choice(self._daemons)
            blow = self._kill if self._rng.random() < 0.45 else self._stop
            if self._rng.random() < 0.5:
                blow(daemon)
            else:
                daemon.front.traps.append(self._trap(daemon, blow))

    def _trap(self, daemon: Daemon, blow: Callable[[Daemon], None]) -> Trap:
        operation = self._rng.choice(TRAPPED if blow == self._kill else TRAPPED_STOPS)
        return Trap(lambda called, _body: called == operation, self._rng.random() < 0.5, lambda: blow(daemon), self._rng.randint(1, 4))

    def _kill(self, daemon: Daemon) -> None:
        if daemon.alive:
            self.report.kills += 1
            daemon.kill()

    def _stop(self, daemon: Daemon) -> None:
        if daemon.alive and not daemon.stopped:
            self.report.stops += 1
            daemon.pause()
            asyncio.get_running_loop().call_later(LEASE + self._rng.uniform(0.5, 3.0), daemon.wake)

    async def _outages(self, end: float) -> None:
        while now() < end:
            await asyncio.sleep(min(self._rng.uniform(2.0, 5.0), max(0.0, end - now())))
            self._weather.outage(self._rng.choice(SERVICES), self._rng.uniform(0.3, 1.5))

    async def _quiet(self) -> None:
        """No more faults until everything has ended; then what SQS gave up on comes back to the queue, and ends as well."""
        self._weather.quiet = True
        for daemon in self._daemons:
            daemon.front.traps.clear()
        await self._converged()
        self._cloud.deadly.clear()
        self.report.redriven = await self._cloud.redriven()
        if self.report.redriven:
            await self._converged()

    async def _converged(self) -> None:
        began = since = now()
        last = -1
        while now() - began < CONVERGE_SECONDS:
            await asyncio.sleep(0.1)
            written = len(self._cloud.history.writes)
            busy = self._cloud.sqs.depth(QUEUE) or any(item.get("open") for item in self._cloud.incidents())
            if busy or written != last or any(daemon.stopped for daemon in self._daemons):
                last, since = written, now()
            if now() - since > STILL_SECONDS:
                self.report.converged_seconds += since - began
                return
        self.report.converged_seconds = CONVERGE_SECONDS
        self.report.broken.append(f"not converged {CONVERGE_SECONDS:.0f} s after the last fault")

    async def _judge(self) -> None:
        report, history = self.report, self._cloud.history
        sqs = self._cloud.sqs
        parked = [
            (message.body, message.attributes.get("aiops_reason", {}).get("StringValue", ""))
            for message in sqs.queues[DEAD].stored.values()
        ]
        items = self._cloud.incidents()
        wanted = Wanted(self._traffic.expected, self._traffic.poison, COOLDOWN_SECONDS, *self._budgets)
        report.broken += broken(wanted, Seen(history, items, sqs.bodies(QUEUE), parked))
        report.broken += [f"log: {line}" for daemon in self._daemons for line in complaints(daemon.log)]
        report.faults = self._weather.injected
        report.saw(history, items)

    async def _leave(self) -> None:
        for daemon in self._daemons:
            code = await daemon.leave()
            if code != 0:
                self.report.broken.append(f"daemon {daemon.number} answered SIGTERM with {code}")


def complaints(log: Path) -> list[str]:
    """Lines that no fault explains: an exception that nobody expected, or a process that died of one."""
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            said = {"event": line}
        if said.get("level") in {"error", "critical"} or str(said["event"]).startswith("Traceback"):
            found.append(f"{said['event']}: {str(said.get('exception', ''))[-300:]}")
    return found[:5]
