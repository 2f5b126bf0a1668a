"""What only a person may lift, on the embedded AWS and through the command line."""

import asyncio
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.aws.table import DynamoTable
from aiops_daemon.bootstrap import incident_table
from aiops_daemon.cli import app
from aiops_daemon.incidents.breaker import Breaker
from aiops_daemon.incidents.claims import Claims, claim_key
from aiops_daemon.incidents.journal import Journal
from aiops_daemon.model.verdict import Provenance
from aiops_daemon.workflow.admission import Admission, Triage
from tests.doubles.world import StubRules, stopped

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def said(*arguments: str) -> str:
    result = await asyncio.to_thread(CliRunner().invoke, app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


async def test_a_person_closes_a_breaker_and_thaws_a_resource(aws: AwsSession) -> None:
    await (await aws.client("dynamodb")).create_table(**incident_table("aiops-incidents"))
    table, clock = DynamoTable(aws, "aiops-incidents"), SystemClock()
    breaker = Breaker(table, clock)
    for n in range(3):
        await breaker.record("ec2.start", incident=f"inc-{n}", good=False)
    assert "open since" in await said("breaker", "show", "ec2.start")
    await said("breaker", "close", "ec2.start", "--reason", "fixed")
    assert "closed" in await said("breaker", "show", "ec2.start")
    assert (await breaker.look("ec2.start")).open_since is None

    verdict = StubRules().verdict
    event = stopped(at=clock.now())
    admitted = await Admission(Journal(table, clock), clock, lambda _: verdict, lambda _: Provenance()).admit(
        event, Triage(Provenance(), verdict), None
    )
    claims = Claims(table, clock)
    await claims.claim(claim_key(event), admitted.incident_id, timedelta(minutes=5))
    await claims.cool_down(claim_key(event), admitted.incident_id, timedelta(days=1), frozen="undo failed")
    assert "may be acted on again" in await said("thaw", admitted.incident_id, "--reason", "repaired")
    assert "was not frozen" in await said("thaw", admitted.incident_id, "--reason", "again")
    assert (await claims.claim(claim_key(event), "somebody else", timedelta(minutes=5))).mine
