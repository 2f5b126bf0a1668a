"""A parameter that the policy guards: changed by a stranger it is put back, at intake already no ordinary change."""

import json
from typing import Any

import pytest

from aiops_daemon.aws.session import AwsSession
from aiops_daemon.cli import demo_events as events
from aiops_daemon.model.incident import Outcome
from tests.doubles.stage import running

pytestmark = pytest.mark.asyncio(loop_scope="session")
REGION = "us-east-1"
NAME = "/prod/flag"


def changed(name: str, version: int) -> str:
    """CloudTrail's record of PutParameter."""
    body: dict[str, Any] = json.loads(events.api_call("PutParameter", name, region=REGION))
    body["source"] = "aws.ssm"
    body["detail"] |= {
        "eventSource": "ssm.amazonaws.com",
        "requestParameters": {"name": name, "overwrite": True, "type": "String", "value": "HIDDEN_DUE_TO_SECURITY_REASONS"},
        "responseElements": {"version": version},
    }
    return json.dumps(body)


async def test_a_guarded_parameter_is_put_back_and_an_unguarded_one_is_nobodys_business(
    ready: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOPS_POLICY__GUARDED", f"ssm:parameter#{NAME}")
    monkeypatch.setenv("AIOPS_POLICY__AUTONOMY", '{"ssm.restore_parameter": "auto"}')
    ssm = await ready.client("ssm")
    for name in (NAME, "/other/flag"):
        await ssm.put_parameter(Name=name, Value="on", Type="String")
        await ssm.put_parameter(Name=name, Value="off", Type="String", Overwrite=True)
    async with running(ready) as stage:
        await stage.send(changed("/other/flag", 2))
        await stage.send(changed(NAME, 2))
        (incident,) = await stage.at_rest(NAME)
        assert await stage.incidents("/other/flag") == []
    assert (incident.event_classification, incident.outcome) == ("TAMPERING", Outcome.VERIFIED)
    assert (await ssm.get_parameter(Name=NAME))["Parameter"]["Value"] == "on"
    assert (await ssm.get_parameter(Name="/other/flag"))["Parameter"]["Value"] == "off"
