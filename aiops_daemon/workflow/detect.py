"""DETECTING: take the claim on the resource, or end as COOLDOWN and name the holder."""

from aiops_daemon.incidents.claims import claim_key
from aiops_daemon.model.event import EventKind
from aiops_daemon.model.incident import Outcome, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.verdict import Classification, Verdict
from aiops_daemon.workflow.run import Run

ANNOUNCE = "announce"  # the claim of incidents that only tell


async def detect(run: Run) -> None:
    """The loser of the claim ends here."""
    if run.state is State.DETECTING:
        await take_claim(run)


async def take_claim(run: Run) -> None:
    """Ours, also where we had it; or the end."""
    claim = await run.tools.claims.claim(
        claim_key(run.event, "" if may_act(run) else ANNOUNCE),
        run.incident.incident_id,
        run.tools.policy.cooldown,
    )
    if claim.mine:
        return
    told = NoticeKind.WARNING if run.event.kind is EventKind.LOG_ANOMALY and may_act(run) else None  # nothing is done: then say it
    note = f"{run.event.resource.key} is in cooldown, {claim.why}"
    await run.end(State.COOLDOWN, note, Outcome.COOLDOWN, notice=told, results={"held_by": claim.holder})


def may_act(run: Run) -> bool:
    """By the rules' word at intake: FAILURE and TAMPERING compete for the resource, ANOMALY only for the announcement."""
    rules = run.result("rules", Verdict)
    return rules is None or rules.classification in {Classification.FAILURE, Classification.TAMPERING}
