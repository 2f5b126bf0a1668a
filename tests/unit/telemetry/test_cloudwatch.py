import asyncio
from typing import Any

from aiops_daemon.model.errors import Throttled
from aiops_daemon.telemetry.cloudwatch import CloudWatchMetrics
from aiops_daemon.telemetry.metrics import Metrics
from tests.doubles.virtual_time import START, LoopClock, run_virtual


class Clients:
    """Hands out itself as the client; `down` makes it refuse."""

    def __init__(self) -> None:
        self.down = False
        self.sent: list[dict[tuple[str, str], float]] = []
        self.dimensions: set[str] = set()

    async def client(self, service: str, *, region: str | None = None, account: str | None = None, once: bool = False) -> Any:
        assert service == "cloudwatch"
        return self

    async def put_metric_data(self, **request: Any) -> None:
        if self.down:
            raise Throttled("cloudwatch put_metric_data: Throttling")
        assert request["Namespace"] == "AIOps/DevOpsAgent"
        assert all(each["Timestamp"] >= START for each in request["MetricData"])
        self.dimensions |= {dimension["Name"] for each in request["MetricData"] for dimension in each["Dimensions"]}
        self.sent.append(
            {
                (each["MetricName"], "".join(dimension["Value"] for dimension in each["Dimensions"])): each["Value"]
                for each in request["MetricData"]
            }
        )


def test_what_changed_once_a_minute_in_one_call_and_nothing_is_lost() -> None:
    clients, metrics = Clients(), Metrics()

    async def main() -> None:
        stop = asyncio.Event()
        cloudwatch = CloudWatchMetrics(clients, metrics, LoopClock())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(cloudwatch.run(stop))
            metrics.intake.received.inc(3)
            metrics.incidents.closed.labels("FAILURE", "verified").inc()
            metrics.incidents.closed.labels("TAMPERING", "verified").inc()
            await asyncio.sleep(130)  # two rounds, the second with nothing to say
            clients.down = True
            metrics.intake.received.inc(2)
            await asyncio.sleep(60)
            clients.down = False
            metrics.intake.received.inc()
            await asyncio.sleep(60)
            metrics.incidents.recovery_seconds.labels("verified").observe(12.5)
            stop.set()

    run_virtual(main())
    assert clients.sent == [
        {("MessagesReceived", ""): 3, ("IncidentsClosed", "verified"): 2},
        {("MessagesReceived", ""): 3},
        {("Recoveries", "verified"): 1, ("RecoverySeconds", "verified"): 12.5},
    ]


async def test_a_breaker_is_told_while_it_is_open_and_once_when_it_closes() -> None:
    clients, metrics = Clients(), Metrics()
    cloudwatch = CloudWatchMetrics(clients, metrics, LoopClock())
    start = metrics.guards.breaker.labels("ec2.start")
    metrics.guards.breaker.labels("rds.start").set(0)  # never open: never told
    for opened in (0, 1, 1, 0, 0):
        start.set(opened)
        await cloudwatch.flush()
    told = ("BreakerOpen", "ec2.start")
    assert clients.sent == [{told: 1}, {told: 1}, {told: 0}]
    assert clients.dimensions == {"Kind"}


async def test_a_breaker_that_closed_while_cloudwatch_was_away_is_told_afterwards() -> None:
    clients, metrics = Clients(), Metrics()
    cloudwatch = CloudWatchMetrics(clients, metrics, LoopClock())
    start = metrics.guards.breaker.labels("ec2.start")
    start.set(1)
    await cloudwatch.flush()
    start.set(0)
    clients.down = True
    await cloudwatch.flush()
    clients.down = False
    await cloudwatch.flush()
    assert clients.sent == [{("BreakerOpen", "ec2.start"): 1}, {("BreakerOpen", "ec2.start"): 0}]
