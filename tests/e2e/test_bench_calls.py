"""The benchmark's own recovery: how many AWS calls it costs, asserted (B3)."""

from collections import Counter

import pytest

from aiops_daemon.incidents import storm
from tests.benchmarks.bench_incidents import AIM_CALLS, record
from tests.benchmarks.stand import cloud, environment

pytestmark = pytest.mark.asyncio(loop_scope="session")
OURS = 17  # beside six of EC2, the action's and the probe's own; it only goes down


async def test_every_recovery_costs_the_same_calls_and_no_more_than_were_aimed_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in environment(""):
        monkeypatch.setenv(name, "")  # the benchmark sets them for good
    monkeypatch.setattr(storm, "storm_key", storm.storm_key)
    async with cloud():
        recoveries = await record(4)
    counts = [Counter(service for service, _, _ in calls) for calls in recoveries]
    assert counts[1] == counts[2] == counts[3], counts  # the first finds no breaker and no history
    assert counts[3]["dynamodb"] + counts[3]["sns"] == OURS <= AIM_CALLS
    assert counts[3]["ec2"] == 6
    writes = Counter(operation for service, operation, _ in recoveries[3] if service == "dynamodb")
    assert writes == {"PutItem": 2, "UpdateItem": 11, "GetItem": 2, "Query": 1}
