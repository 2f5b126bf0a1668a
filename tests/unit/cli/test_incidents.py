"""`aiops-daemon incidents ...` as an operator uses it."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.cli.incidents import decision_body, period
from aiops_daemon.model.errors import InvalidInput
from aiops_daemon.model.plan import Failed
from tests.doubles.world import Fleet, stopped


def incident(fleet: Fleet, name: str = "i-1", *, confidence: float = 0.95, broken: bool = False, settled: bool = True) -> str:
    """Let the fleet work on one stopped instance; its incident id."""

    async def go() -> str:
        fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": confidence})
        fleet.world.start_answer = Failed(reason="capacity [/red]") if broken else None
        workers = fleet.workers()
        made = await fleet.admit(workers, stopped(name, event_id=name, at=fleet.clock.now()))
        await (fleet.settle(workers) if settled else workers.drain())
        return made

    return asyncio.run(go())


def test_the_failed_recoveries_of_the_last_week_come_from_the_index_newest_first(terminal: Any) -> None:
    incident(terminal.fleet, "i-old", broken=True)
    terminal.fleet.clock.advance(8 * 86400)
    first = incident(terminal.fleet, "i-a", broken=True)
    incident(terminal.fleet, "i-good")
    terminal.fleet.clock.advance(3600)
    second = incident(terminal.fleet, "i-b", broken=True)
    done = terminal.run("incidents", "list", "--state", "FAILED", "--since", "7d", "--type", "ec2", "--output", "json")
    rows = json.loads(done.stdout)
    assert [row["incident_id"] for row in rows] == [second, first]
    assert rows[0]["resource"] == "ec2:instance#i-b"
    assert rows[0]["state"] == "FAILED"
    assert "capacity" in rows[0]["note"]


def test_another_service_has_no_incidents(terminal: Any) -> None:
    incident(terminal.fleet)
    assert json.loads(terminal.run("incidents", "list", "--type", "rds", "--output", "json").stdout) == []
    assert json.loads(terminal.run("incidents", "list", "--type", "rds:db", "--output", "json").stdout) == []
    assert "no incidents" in terminal.run("incidents", "list", "--type", "rds").stdout


def test_the_full_type_works_and_jsonl_is_one_line_each(terminal: Any) -> None:
    made = {incident(terminal.fleet, "i-1"), incident(terminal.fleet, "i-2")}
    done = terminal.run("incidents", "list", "--type", "ec2:instance", "--output", "jsonl")
    assert {json.loads(line)["incident_id"] for line in done.stdout.splitlines()} == made


def test_the_table_shows_what_an_event_says_and_takes_none_of_it_for_markup(terminal: Any) -> None:
    made = incident(terminal.fleet, broken=True)
    done = terminal.run("incidents", "list")
    assert done.exit_code == 0
    assert made in done.stdout
    assert "capacity [/red]" in done.stdout


def test_on_a_narrow_terminal_nothing_that_is_copied_is_cut_off(terminal: Any) -> None:
    made = incident(terminal.fleet, broken=True)
    said = terminal.run("incidents", "list", columns=100).stdout.splitlines()
    assert made in said[0]
    assert "FAILED" in said[0]
    assert "ec2:instance#i-1, " in said[1]


def test_an_unknown_output_or_state_is_a_usage_error(terminal: Any) -> None:
    assert terminal.run("incidents", "list", "--output", "yaml").exit_code == 2
    assert terminal.run("incidents", "list", "--state", "BROKEN").exit_code == 2


def test_show_names_the_seven_steps_with_their_states_and_the_reasons(terminal: Any) -> None:
    made = incident(terminal.fleet)
    said = terminal.run("incidents", "show", made).stdout
    for step in ("detect", "analyze", "plan", "execute", "verify", "notify", "learn"):
        assert f"{step} done" in said
    assert "stopped by an unknown user" in said
    assert "COMPLETED" in said
    assert f"notice {made}.recovered -> sns: delivered" in said


def test_show_as_json_is_the_whole_record(terminal: Any) -> None:
    made = incident(terminal.fleet)
    record = json.loads(terminal.run("incidents", "show", made, "--output", "json").stdout)
    assert record["incident_id"] == made
    assert record["audit"][-1]["state"] == "COMPLETED"


def test_show_of_an_unknown_incident_says_so(terminal: Any) -> None:
    done = terminal.run("incidents", "show", "inc-none")
    assert isinstance(done.exception, InvalidInput)
    assert "inc-none" in str(done.exception)


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_decision_goes_through_the_queue_and_names_who_and_why(terminal: Any, decision: str) -> None:
    made = incident(terminal.fleet, confidence=0.5, settled=False)
    done = terminal.run("incidents", decision, made, "--reason", "known maintenance")
    assert done.exit_code == 0
    (body,) = terminal.sent()
    said = json.loads(body)["aiops_decision"]
    assert said.pop("signal_id")
    assert said == {
        "incident_id": made, "decision": decision, "by": "arn:aws:iam::123456789012:user/ann", "reason": "known maintenance",
    }  # fmt: skip


def test_the_reason_is_asked_for_where_it_is_not_given(terminal: Any) -> None:
    made = incident(terminal.fleet, confidence=0.5, settled=False)
    terminal.run("incidents", "approve", made, stdin="because\n")
    assert json.loads(terminal.sent()[0])["aiops_decision"]["reason"] == "because"


def test_a_decision_on_what_awaits_none_is_refused_and_nothing_is_sent(terminal: Any) -> None:
    made = incident(terminal.fleet)
    done = terminal.run("incidents", "approve", made, "--reason", "x")
    assert "COMPLETED" in str(done.exception)
    assert isinstance(terminal.run("incidents", "reject", "inc-none", "--reason", "x").exception, InvalidInput)
    assert terminal.sent() == []


def test_an_override_is_said_in_the_message(terminal: Any) -> None:
    made = incident(terminal.fleet, confidence=0.5, settled=False)
    assert terminal.run("incidents", "approve", made, "--override", "--reason", "x").exit_code == 0
    assert json.loads(terminal.sent()[0])["aiops_decision"]["override"] == "yes"


def storm(terminal: Any) -> list[str]:
    """Six resources failed together, and one of another kind of trouble waits too."""
    fleet = terminal.fleet

    async def go() -> list[str]:
        workers = fleet.workers()
        ids = [str(await fleet.admit(workers, stopped(f"i-{n:017x}", f"e{n}"))) for n in range(6)]
        await workers.drain()
        fleet.clock.advance(3600)
        fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.5})
        await fleet.admit(workers, stopped("i-0000000000000000f", "other", fleet.clock.now()))
        await workers.drain()
        return ids

    return asyncio.run(go())


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_storm_is_answered_with_one_command_for_all_who_wait(terminal: Any, decision: str) -> None:
    ids = storm(terminal)
    done = terminal.run("incidents", decision, "--storm", ids[4], "--reason", "the zone is back")
    assert done.exit_code == 0
    said = [json.loads(body)["aiops_decision"] for body in terminal.sent()]
    assert {one["incident_id"] for one in said} == set(ids[4:]), "four had recovered before it was a storm; the other is none of it"
    assert {(one["decision"], one["reason"]) for one in said} == {(decision, "the zone is back")}
    assert ids[5] in done.stdout


def test_the_members_of_a_storm_are_listed_also_those_that_came_after_its_page(terminal: Any) -> None:
    ids = storm(terminal)
    rows = json.loads(terminal.run("incidents", "list", "--storm", ids[4], "--output", "json").stdout)
    assert {row["incident_id"] for row in rows} == set(ids[4:])


def test_a_storm_nobody_knows_and_two_targets_at_once_are_refused(terminal: Any) -> None:
    ids = storm(terminal)
    assert "awaits approval" in str(terminal.run("incidents", "approve", "--storm", ids[0], "--reason", "x").exception)
    for arguments in ([ids[4], "--storm", ids[4]], []):
        assert "name one incident" in str(terminal.run("incidents", "approve", *arguments, "--reason", "x").exception)
    assert terminal.sent() == []


def test_two_decisions_are_two_signals() -> None:
    one, two = (json.loads(decision_body("inc-1", "approve", "a", "b"))["aiops_decision"]["signal_id"] for _ in range(2))
    assert one != two


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)), ("12h", timedelta(hours=12)), ("7d", timedelta(days=7)), (" 2w ", timedelta(weeks=2)),
    ],
)  # fmt: skip
def test_a_period_is_a_number_and_a_unit(text: str, span: timedelta) -> None:
    assert period(text) == span


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1y", "1.5h", "7d7d", "99999d"])
def test_anything_else_is_no_period(text: str) -> None:
    with pytest.raises(InvalidInput, match="30m"):
        period(text)
