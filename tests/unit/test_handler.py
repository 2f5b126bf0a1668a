"""One message: what becomes of it, and that it is durable before it may be deleted."""

import json
from datetime import timedelta

import pytest
from pydantic import JsonValue

from aiops_daemon.handler import MessageHandler
from aiops_daemon.intake.messages import Disposition, Done, Drop, Message, Park, Retry
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.errors import InvalidInput, NotPermitted, RetryLater
from aiops_daemon.model.event import Event, Ignored, Parked, Reading, Recognized
from aiops_daemon.model.incident import State
from aiops_daemon.model.verdict import Cause, Classification, Provenance
from aiops_daemon.workflow.admission import Admission
from aiops_daemon.workflow.worker import Workers
from tests.doubles.world import START, Fleet, stopped


class Desk:
    """A handler whose reading the test sets."""

    def __init__(self) -> None:
        self.fleet = Fleet()
        self.reading: Reading = Recognized(events=(stopped(),))
        self.cause = Provenance()
        self.detail: dict[str, JsonValue] = {}
        self.workers: Workers = self.fleet.workers()
        admission = Admission(self.workers.tools.journal, self.fleet.clock, lambda _: self.fleet.rules.verdict, lambda _: self.cause)
        self.handler = MessageHandler(self._read, lambda _: self.reading, admission, self.workers, self.workers.tools.metrics)

    def _read(self, body: str, at: object) -> Envelope | Ignored | Parked:
        if body == "poison":
            return Parked(reason="not JSON")
        event = stopped()
        return Envelope(
            event.event_id, event.source, event.detail_type, event.account, event.region, START, START, detail=dict(self.detail)
        )

    async def handle(self, body: str = "{}", message_id: str = "m-1") -> Disposition:
        return await self.handler(Message(message_id, body, "r", 1, START, "AIDAANN", START))

    def recorded(self) -> list[str]:
        return [key for key in self.fleet.memory.items if key.startswith("inc-")]

    def fail(self, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
        async def put(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(self.fleet.memory, "put", put)


def events(count: int) -> Recognized:
    return Recognized(events=tuple(stopped(f"i-{n:017x}") for n in range(count)))


async def test_a_noteworthy_event_is_recorded_before_the_message_may_go() -> None:
    desk = Desk()
    assert await desk.handle() == Done()
    assert len(desk.recorded()) == 1
    assert desk.workers.tools.metrics.registry.get_sample_value("aiops_incidents_opened_total", {"kind": "api-call"}) == 1


async def test_a_copy_of_the_message_opens_no_second_incident_and_is_counted() -> None:
    desk = Desk()
    assert [await desk.handle(message_id=one) for one in ("m-1", "m-2")] == [Done(), Done()]
    assert len(desk.recorded()) == 1
    assert desk.workers.tools.metrics.registry.get_sample_value("aiops_messages_deduplicated_total") == 1


async def test_several_resources_in_one_message_are_several_incidents_in_one_group() -> None:
    desk = Desk()
    desk.reading = events(3)
    assert await desk.handle() == Done()
    incidents = [await desk.fleet.incident(one) for one in desk.recorded()]
    assert len(incidents) == 3
    assert len({one.correlation_id for one in incidents}) == 1


@pytest.mark.parametrize(
    ("reading", "disposition"),
    [
        (Parked(reason="no resource"), Park("no resource")),
        (Ignored(reason="a test notification"), Drop("a test notification")),
        (Recognized(events=()), Drop("no event")),
    ],
)
async def test_what_is_no_event_leaves_no_record(reading: Reading, disposition: Disposition) -> None:
    desk = Desk()
    desk.reading = reading
    assert await desk.handle() == disposition
    assert desk.recorded() == []


async def test_a_body_that_cannot_be_read_is_parked_with_the_envelopes_reason() -> None:
    assert await Desk().handle("poison") == Park("not JSON")


async def test_a_call_that_only_reads_is_dropped_before_anybody_looks_at_it() -> None:
    desk = Desk()
    desk.reading = Parked(reason="was asked")
    desk.detail = {"eventName": "DescribeInstances", "eventSource": "ec2.amazonaws.com", "eventType": "AwsApiCall", "readOnly": True}
    assert await desk.handle() == Drop("a call that reads only")
    desk.detail |= {"errorCode": "AccessDenied"}
    assert await desk.handle() == Park("was asked")


async def test_what_is_expected_is_dropped_under_one_label_and_recorded_nowhere() -> None:
    desk = Desk()
    desk.fleet.rules.verdict = desk.fleet.rules.verdict.model_copy(
        update={"classification": Classification.NORMAL, "noteworthy": False, "reasoning": "ec2:instance i-1 is running."}
    )
    disposition = await desk.handle()
    assert disposition == Drop("expected: ec2:instance i-1 is running.")
    desk.workers.tools.metrics.intake.dropped("expected: ec2:instance i-1 is running.")
    assert desk.workers.tools.metrics.registry.get_sample_value("aiops_messages_dropped_total", {"reason": "expected"}) == 1
    assert desk.recorded() == []


async def test_what_a_service_does_on_purpose_has_a_label_of_its_own() -> None:
    desk = Desk()
    desk.fleet.rules.verdict = desk.fleet.rules.verdict.model_copy(update={"noteworthy": False, "reasoning": "Auto Scaling: as it should"})
    desk.cause = Provenance(cause=Cause.SERVICE_ON_PURPOSE)
    assert await desk.handle() == Drop("expected (service-on-purpose): Auto Scaling: as it should")


async def test_a_record_that_cannot_be_written_now_leaves_the_message_on_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.fail(RetryLater("DynamoDB is down"), monkeypatch)
    with pytest.raises(RetryLater):
        await desk.handle()


async def test_a_table_that_we_may_not_write_leaves_the_message_on_the_queue_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.fail(NotPermitted("dynamodb put_item: AccessDeniedException"), monkeypatch)
    disposition = await desk.handle()
    assert isinstance(disposition, Retry)
    assert "AccessDenied" in disposition.reason


async def test_a_record_that_will_never_fit_is_parked(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.fail(InvalidInput("Item size has exceeded the maximum allowed size"), monkeypatch)
    assert isinstance(await desk.handle(), Park)


def decision(incident_id: str, **more: object) -> str:
    return json.dumps({"aiops_decision": {"incident_id": incident_id, "decision": "approve", "by": "ann", "reason": "ok"} | more})


async def awaiting(desk: Desk) -> str:
    desk.fleet.rules.verdict = desk.fleet.rules.verdict.model_copy(update={"confidence": 0.5})
    await desk.handle()
    await desk.workers.drain()
    (incident_id,) = desk.recorded()
    assert (await desk.fleet.incident(incident_id)).workflow_state is State.AWAITING_APPROVAL
    return incident_id


async def test_an_operators_word_is_recorded_with_the_sender_that_sqs_vouches_for_and_the_plan_runs() -> None:
    desk = Desk()
    incident_id = await awaiting(desk)
    assert await desk.handle(decision(incident_id)) == Done()
    (signal,) = (await desk.fleet.incident(incident_id)).signals.values()
    assert (signal.signal_id, signal.decision, signal.by, signal.reason) == ("m-1", "approve", "ann (AIDAANN)", "ok")
    await desk.fleet.settle(desk.workers)
    assert (await desk.fleet.incident(incident_id)).workflow_state is State.COMPLETED


@pytest.mark.parametrize(("said", "override"), [("yes", True), ("no", False), (True, False), (None, False)])
async def test_an_override_is_only_what_says_yes(said: object, override: bool) -> None:
    desk = Desk()
    incident_id = await awaiting(desk)
    word = {"incident_id": incident_id, "decision": "approve", "by": "ann", "reason": "ok", "override": said}
    assert await desk.handle(json.dumps({"aiops_decision": word})) == Done()
    (signal,) = (await desk.fleet.incident(incident_id)).signals.values()
    assert signal.override is override
    (written,) = desk.fleet.memory.items[incident_id]["signals"].values()
    assert ("override" in written) is override, "older code refuses a field that it does not know"


async def test_the_same_word_twice_is_one() -> None:
    desk = Desk()
    incident_id = await awaiting(desk)
    body = decision(incident_id, signal_id="s-1")
    assert [await desk.handle(body, one) for one in ("m-1", "m-2")] == [Done(), Done()]
    assert len((await desk.fleet.incident(incident_id)).signals) == 1


async def test_a_word_about_nothing_open_is_parked() -> None:
    assert await Desk().handle(decision("inc-none")) == Park("decision without an open incident: inc-none")


async def test_a_word_before_anybody_was_asked_approves_nothing() -> None:
    desk = Desk()
    await desk.handle()
    (incident_id,) = desk.recorded()
    assert await desk.handle(decision(incident_id)) == Park(f"decision before anybody was asked: {incident_id}")
    assert not (await desk.fleet.incident(incident_id)).signals


async def test_a_words_length_is_bounded() -> None:
    desk = Desk()
    incident_id = await awaiting(desk)
    await desk.handle(decision(incident_id, signal_id="s" * 9999, by="b" * 9999, reason="r" * 9999))
    (signal,) = (await desk.fleet.incident(incident_id)).signals.values()
    assert (len(signal.signal_id), len(signal.reason)) == (64, 500)
    assert len(signal.by) < 250


@pytest.mark.parametrize(
    "body",
    [
        '{"aiops_decision": ', '{"aiops_decision": []}', '["aiops_decision"]',
        '{"aiops_decision": {"decision": "maybe", "incident_id": "i"}}',
        '{"aiops_decision": {"decision": "approve", "incident_id": 7}}', '{"aiops_decision": ' + "[" * 3000,
    ],
    ids=["cut", "list", "array", "maybe", "number", "deep"],
)  # fmt: skip
async def test_a_malformed_word_is_no_word_and_goes_the_way_of_every_message(body: str) -> None:
    desk = Desk()
    desk.reading = Parked(reason="unknown shape")
    assert await desk.handle(body) == Park("unknown shape")


async def test_a_copy_of_a_decision_that_was_heard_is_no_poison() -> None:
    desk = Desk()
    incident_id = await awaiting(desk)
    assert await desk.handle(decision(incident_id)) == Done()
    desk.fleet.world.polls_needed = 5
    for state in (State.EXECUTING, State.COMPLETED):
        for _ in range(1 if state is State.EXECUTING else 20):
            await desk.workers.drain()
            desk.fleet.clock.advance(10)
        assert (await desk.fleet.incident(incident_id)).workflow_state is state
        assert await desk.handle(decision(incident_id)) == Done(), "the queue may say it twice, and late"
    other = await desk.handle(decision(incident_id), message_id="m-2")
    assert other == Park(f"decision without an open incident: {incident_id}")


async def test_an_event_that_talks_of_decisions_is_still_an_event() -> None:
    desk = Desk()
    assert await desk.handle(json.dumps({"detail": {"aiops_decision": {"decision": "approve", "incident_id": "x"}}})) == Done()
    assert len(desk.recorded()) == 1


async def test_the_delay_of_an_event_is_measured_and_never_negative() -> None:
    desk = Desk()
    late: Event = stopped().model_copy(update={"received_at": START + timedelta(seconds=30)})
    early: Event = stopped("i-early").model_copy(update={"received_at": START - timedelta(seconds=30)})
    desk.reading = Recognized(events=(late, early))
    await desk.handle()
    registry = desk.workers.tools.metrics.registry
    assert registry.get_sample_value("aiops_event_delay_seconds_sum") == 30
    assert registry.get_sample_value("aiops_event_delay_seconds_count") == 2
