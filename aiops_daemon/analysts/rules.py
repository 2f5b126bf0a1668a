"""The analyst that always answers: provenance, then tables, then "ordinary". Deterministic; reads parsed fields only.

A caller's user agent is its own claim. One that names an infrastructure-as-code tool holds an action back, since recreating
what Terraform removed would fight its owner; it never clears a suspicion, since anybody can send it.
"""

import re
from collections.abc import Callable

from aiops_daemon.analysts import (
    alarms,
    calls_access,
    calls_audit,
    calls_destroy,
    calls_exposure,
    calls_stop,
    calls_unusual,
    findings,
    foreseen,
    jobs,
    notices,
    sign_ins,
    state_changes,
)
from aiops_daemon.analysts.opinion import CERTAIN, FAIR, STRONG, actor, anomaly, normal, subject, tampering
from aiops_daemon.model.event import Event, EventKind
from aiops_daemon.model.verdict import Autonomy, Cause, Classification, Evidence, Verdict

Rule = Callable[[Event], Verdict | None]

CALLS: tuple[Rule, ...] = (
    calls_audit.judge,
    calls_exposure.judge,
    calls_stop.judge,
    calls_access.judge,
    calls_destroy.judge,
    calls_unusual.judge,
)
REPORTS: tuple[Rule, ...] = (state_changes.judge, notices.judge, jobs.judge)
RULES: dict[EventKind, tuple[Rule, ...]] = {
    EventKind.API_CALL: CALLS,
    EventKind.SIGN_IN: (sign_ins.judge,),
    EventKind.ALARM: (alarms.judge,),
    EventKind.FINDING: (findings.judge,),
    EventKind.STATE_CHANGE: REPORTS,
    EventKind.NOTICE: REPORTS,
    EventKind.OTHER: REPORTS,
}
_READ = re.compile(
    r"^(?:Get|List|Describe|Head|Lookup|Search|Batch(?:Get|Describe)|Query|Scan|Select|Check|Validate|Test|Simulate|View|Preview|Filter)[A-Z]?"
)
_IAC = re.compile(r"terraform|opentofu|hashicorp|pulumi|aws-cdk|cloudformation|crossplane|ansible", re.IGNORECASE)
_REFUSED = re.compile(
    r"denied|unauthori[sz]ed|forbidden|notauthori[sz]ed|authfailure|notpermitted|explicitdeny|accesscontrol", re.IGNORECASE
)
_WAIT = re.compile(r"throttl|limitexceeded|toomanyrequests|slowdown|requestlimit|serviceunavailable|internal", re.IGNORECASE)
_WRONG_ON_ITS_OWN = re.compile(r"Fail(?:ed|ure)|Abandoned|Unsuccessful")


class RulesAnalyst:
    """ports.Analyst without a model."""

    name = "rules"

    async def judge(self, evidence: Evidence) -> Verdict:
        """The same answer as judge_now."""
        return self.judge_now(evidence)

    def judge_now(self, evidence: Evidence) -> Verdict:
        """Always an answer, never an exception for an event of any content."""
        return _listed_only(_explained(evidence) or _suspected(evidence), evidence)


def _explained(evidence: Evidence) -> Verdict | None:
    """What provenance settles."""
    event, why = evidence.event, evidence.provenance.reason
    match evidence.provenance.cause:
        case Cause.DENIED:
            return _refused(event)
        case Cause.OWN_ACTION:
            return normal(f"{why}: acting again would make a loop.", confidence=CERTAIN, noteworthy=True)
        case Cause.SERVICE_ON_PURPOSE:
            return _managed(event, why)
        case Cause.AUTHORISED:
            return _authorised(event, why)
        case Cause.UNEXPLAINED:
            return None


def _refused(event: Event) -> Verdict:
    """Nothing happened. Who tried something grave, or was not allowed, is worth a look."""
    code = event.error_code or "an error"
    if _REFUSED.search(code):
        return anomaly(event, f"{actor(event)} was refused {event.name} on {subject(event)} ({code}): nothing changed, watch the actor.")
    if event.read_only or _is_read(event) or _WAIT.search(code):
        return normal(f"{event.name} on {subject(event)} failed ({code}): nothing changed.")
    intent = _first(RULES.get(event.kind, ()), event)
    if intent and intent.classification is not Classification.NORMAL:
        return anomaly(
            event, f"{actor(event)} tried {event.name} on {subject(event)} and failed ({code}): nothing changed.", confidence=FAIR
        )
    return normal(f"{event.name} on {subject(event)} failed ({code}): nothing changed.")


def _managed(event: Event, why: str) -> Verdict:
    """A service at its own work, unless it reports trouble."""
    if event.name == "SharedSnapshotVolumeCreated":
        return anomaly(
            event, f"Another account made a volume from the shared snapshot {subject(event)}: its data is being copied.", severity=7
        )
    if _WRONG_ON_ITS_OWN.search(event.name):
        return anomaly(event, f"{event.name} on {subject(event)}: {why}, and it did not work.", confidence=FAIR)
    return normal(f"{why}: a recovery would fight it.", noteworthy=_is_destructive(event))


def _authorised(event: Event, why: str) -> Verdict:
    """Recorded, not acted on. A window explains outages, not a weakened protection: that is announced all the same."""
    suspicion = _first(RULES.get(event.kind, ()), event)
    if suspicion and suspicion.classification is Classification.TAMPERING and why.startswith("within"):
        return anomaly(event, f"{suspicion.reasoning} It happened {why}.", severity=suspicion.severity)
    return normal(f"{why}: {event.name} on {subject(event)} is expected.", noteworthy=True)


def _suspected(evidence: Evidence) -> Verdict:
    event = evidence.event
    if event.kind is EventKind.LOG_ANOMALY:
        return foreseen.judge(event, allowed=evidence.policy.get("configured action allowed") is True)
    if event.kind is EventKind.API_CALL and (event.read_only or _is_read(event)):
        return calls_unusual.judge(event) or normal(f"{event.name} on {subject(event)} reads only.")
    verdict = _first(RULES.get(event.kind, ()), event)
    if evidence.policy.get("guarded") is True and event.kind in {EventKind.API_CALL, EventKind.STATE_CHANGE, EventKind.NOTICE}:
        verdict = _guarded(event, verdict)
    if verdict is None:
        return normal(f"{event.name} on {subject(event)}: an ordinary change.", confidence=FAIR)
    return _held_back(event, verdict)


def _guarded(event: Event, verdict: Verdict | None) -> Verdict:
    """The operator said that nobody else changes this resource."""
    if verdict and verdict.classification in {Classification.FAILURE, Classification.TAMPERING}:
        return verdict
    because = f"{actor(event)} changed {subject(event)} ({event.name}), which the policy guards."
    changed = tampering(event, because, confidence=STRONG, ceiling=Autonomy.AUTO)
    return changed.model_copy(update={"action_id": "ssm.restore_parameter"}) if event.resource.type == "ssm:parameter" else changed


def _held_back(event: Event, verdict: Verdict) -> Verdict:
    if event.kind is not EventKind.API_CALL or not _IAC.search(event.actor.user_agent or ""):
        return verdict
    if verdict.classification is Classification.FAILURE:
        because = f"{verdict.reasoning} The caller claims to be an infrastructure-as-code tool: recreating it would fight its owner."
        return anomaly(event, because, confidence=FAIR, severity=verdict.severity)
    return verdict.model_copy(update={"ceiling": verdict.ceiling.lower_of(Autonomy.APPROVE), "confidence": min(verdict.confidence, FAIR)})


def _listed_only(verdict: Verdict, evidence: Evidence) -> Verdict:
    """An action that is not on the allow-list is not proposed."""
    return verdict if verdict.action_id in {None, *evidence.allowed_actions} else verdict.model_copy(update={"action_id": None})


def _first(rules: tuple[Rule, ...], event: Event) -> Verdict | None:
    return next((verdict for rule in rules if (verdict := rule(event))), None)


def _is_read(event: Event) -> bool:
    return _READ.match(event.name) is not None and event.kind is EventKind.API_CALL


def _is_destructive(event: Event) -> bool:
    verdict = calls_stop.judge(event) or calls_destroy.judge(event)
    return verdict is not None and verdict.classification is Classification.FAILURE
