"""The kill switch's parameter on the embedded SSM: what AWS answers for one that is missing, and who wins when two sources disagree."""

import pytest

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.incidents.kill_switch import KillSwitch, SwitchParameter
from tests.doubles.memory_table import MemoryTable

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_parameter_is_read_before_every_step_and_its_absence_is_a_stop(aws: AwsSession) -> None:
    clock = SystemClock()
    switch = KillSwitch(MemoryTable(), clock, SwitchParameter(aws, "/aiops/switch", clock))
    missing = await switch.stopped()
    assert missing is not None
    assert "cannot be read" in missing.reason
    ssm = await aws.client("ssm")
    await ssm.put_parameter(Name="/aiops/switch", Value="run", Type="String")
    assert await switch.stopped() is None
    await ssm.put_parameter(Name="/aiops/switch", Value="stop: a bad deploy", Type="String", Overwrite=True)
    stop = await switch.stopped()
    assert stop is not None
    assert (stop.by, stop.reason) == ("SSM parameter /aiops/switch (version 2)", "a bad deploy")
    assert stop.at.endswith("Z")
    await switch.set(stopped=False, by="ann", reason="the item says run")
    assert await switch.stopped() is not None
