"""One alert per episode: opened at its onset, updated while it lasts, closed when every series of it is normal again.

A failing dependency shows in many templates of many groups. What departs from normal in the same group within half an
hour, or in another group within ten minutes of the same onset, is one cause; its first and strongest template names it.
What flares up again within an hour after it ended is the same episode, not a second page.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from aiops_daemon.logwatch.findings import MOST_FINDINGS, RISING, TOTAL, Alert, Deploy, Ending, Finding, GroupStep, Kind, Urgency

SAME_GROUP_SECONDS = 1_800
_SAME_ONSET_SECONDS = 600
REOPEN_SECONDS = 3_600
_SECOND_LOOK_SECONDS = 900
_KEEP_CLOSED_SECONDS = 7_200
_HIGH_SIGMA = 8.0


class Change(StrEnum):
    """What happened to an alert."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


@dataclass
class EpisodeBook:
    """The open alerts of all groups, and those closed in the last two hours."""

    deploy_window: int = 1_800
    alerts: list[Alert] = field(default_factory=list)
    open_members: dict[str, list[str]] = field(default_factory=dict)  # alert id -> series that have not ended
    deploys: list[Deploy] = field(default_factory=list)

    def note_deploy(self, deploy: Deploy) -> None:
        self.deploys = [d for d in self.deploys if deploy.at - d.at <= 86_400 and d != deploy]
        self.deploys.append(deploy)

    def settle(self, steps: Sequence[GroupStep]) -> list[tuple[Change, Alert]]:
        """Bring one bucket of one or several groups into the alerts."""
        at = max((step.at for step in steps), default=0)
        for step in steps:
            for deploy in step.deploys:
                self.note_deploy(deploy)
        changes = self.found(at, [finding for step in steps for finding in step.findings])
        changes += self.changed(at, [finding for step in steps for finding in step.changed])
        changes += self.ended(at, [ending for step in steps for ending in step.endings])
        for change, alert in changes:
            if change is not Change.CLOSED:
                _foresee(alert, steps)
        return changes

    def found(self, now: int, findings: Iterable[Finding]) -> list[tuple[Change, Alert]]:
        """New departures of one tick, from one group or several."""
        changes: dict[str, tuple[Change, Alert]] = {}
        for finding in sorted(findings, key=_rank):
            alert = self._home(finding)
            if alert is None:
                alert = self._open(now, finding)
                changes[alert.alert_id] = (Change.OPENED, alert)
            elif self._join(now, alert, finding):
                changes.setdefault(alert.alert_id, (Change.UPDATED, alert))
        return list(changes.values())

    def changed(self, now: int, findings: Iterable[Finding]) -> list[tuple[Change, Alert]]:
        """Departures that are open already and became stronger, or of another kind."""
        changes: dict[str, tuple[Change, Alert]] = {}
        for finding in findings:
            for alert in self.alerts:
                if _member(finding) in self.open_members.get(alert.alert_id, ()):
                    self._replace(now, alert, finding)
                    changes[alert.alert_id] = (Change.UPDATED, alert)
        return list(changes.values())

    def ended(self, now: int, endings: Iterable[Ending]) -> list[tuple[Change, Alert]]:
        changes: list[tuple[Change, Alert]] = []
        for ending in endings:
            member = _key(ending.log_group, ending.template_id, rising=ending.rising)
            for alert in self.alerts:
                members = self.open_members.get(alert.alert_id, [])
                if member not in members:
                    continue
                members.remove(member)
                alert.findings = [replace(f, until=ending.until) if _member(f) == member else f for f in alert.findings]
                if not members:
                    self._close(now, alert, ending)
                    changes.append((Change.CLOSED, alert))
        self._prune(now)
        return changes

    def _home(self, finding: Finding) -> Alert | None:
        member = _member(finding)
        for alert in reversed(self.alerts):
            known = any(_member(f) == member for f in alert.findings)
            quiet = finding.at - (alert.until or finding.at)
            if known and quiet <= REOPEN_SECONDS:
                return alert
        for alert in reversed(self.alerts):
            recent = max(alert.updated_at, alert.until or 0)
            if finding.log_group in alert.groups and finding.at - recent <= SAME_GROUP_SECONDS:
                return alert
            if finding.log_group in alert.groups and not alert.closed and _silent(alert.cause) and finding.kind not in RISING:
                return alert  # the whole group is silent: its templates are, too, as soon as that is certain of each
            onset = abs(finding.since - alert.cause.since) <= _SAME_ONSET_SECONDS
            if onset and not alert.closed and finding.at - alert.at <= SAME_GROUP_SECONDS:
                return alert
        return None

    def _open(self, now: int, finding: Finding) -> Alert:
        raw = f"{finding.log_group}\n{finding.template_id}\n{finding.kind}\n{finding.since}"
        alert = Alert(
            alert_id="log-" + hashlib.sha256(raw.encode()).hexdigest()[:16],
            at=now,
            findings=[finding],
            urgency=Urgency.NORMAL,
            deploy=self._deploy_before(finding),
            updated_at=now,
            groups=[finding.log_group],
        )
        alert.urgency = _urgency(alert)
        self.alerts.append(alert)
        self.open_members[alert.alert_id] = [_member(finding)]
        return alert

    def _join(self, now: int, alert: Alert, finding: Finding) -> bool:
        """Add to an alert; whether people need to hear of it (a louder or a new cause, another group, a reopening)."""
        members = self.open_members.setdefault(alert.alert_id, [])
        if _member(finding) in members:
            return False
        news = alert.closed or finding.log_group not in alert.groups
        urgency = alert.urgency
        alert.until, alert.close_reason, alert.updated_at = None, "", now
        members.append(_member(finding))
        if any(_member(f) == _member(finding) for f in alert.findings):
            alert.findings = [replace(f, until=None) if _member(f) == _member(finding) else f for f in alert.findings]
        elif len(alert.findings) < MOST_FINDINGS:
            front = _says_better(alert.cause, finding, now - alert.at)
            news |= front and now > alert.at
            alert.findings.insert(0 if front else len(alert.findings), finding)
        if finding.log_group not in alert.groups:
            alert.groups.append(finding.log_group)
        alert.deploy = alert.deploy or self._deploy_before(finding)
        alert.urgency = _urgency(alert)
        return news or alert.urgency is not urgency

    def _replace(self, now: int, alert: Alert, finding: Finding) -> None:
        alert.updated_at = now
        alert.findings = [
            replace(finding, at=f.at, since=f.since, samples=f.samples or finding.samples, probability=f.probability)
            if _member(f) == _member(finding)
            else f
            for f in alert.findings
        ]
        alert.urgency = _urgency(alert)

    def _close(self, now: int, alert: Alert, ending: Ending) -> None:
        alert.until = max(f.until or ending.until for f in alert.findings)
        alert.updated_at = now
        alert.close_reason = "this is the new normal" if ending.adopted else "back to normal"
        self.open_members.pop(alert.alert_id, None)

    def _deploy_before(self, finding: Finding) -> Deploy | None:
        near = [
            d
            for d in self.deploys
            if d.log_group in {"", finding.log_group} and -_SAME_ONSET_SECONDS <= finding.since - d.at <= self.deploy_window
        ]
        return max(near, key=lambda d: d.at, default=None)

    def _prune(self, now: int) -> None:
        self.alerts = [a for a in self.alerts if not a.closed or now - a.updated_at <= _KEEP_CLOSED_SECONDS]


def _key(group: str, template_id: str, *, rising: bool) -> str:
    return f"{group}\n{template_id}\n{'+' if rising else '-'}"


def _member(finding: Finding) -> str:
    return _key(finding.log_group, finding.template_id, rising=finding.kind in RISING)


def _silent(cause: Finding) -> bool:
    return cause.kind is Kind.SILENCE and cause.template_id == TOTAL


def _says_better(cause: Finding, finding: Finding, later: int) -> bool:
    """The cause stays first, unless it is a total and this is the template behind it, a few buckets later."""
    same = cause.log_group == finding.log_group and (cause.kind in RISING) is (finding.kind in RISING)
    return same and later <= _SECOND_LOOK_SECONDS and cause.aggregate and not finding.aggregate


def _rank(finding: Finding) -> tuple[bool, bool, float]:
    """Templates before totals, errors before the rest, the strongest first."""
    return finding.aggregate, finding.level != "ERROR", -finding.sigma


def _urgency(alert: Alert) -> Urgency:
    """Errors that rise and whole groups that fall silent are urgent; what a deploy explains can wait."""
    if alert.deploy is not None:
        return Urgency.LOW
    errors = any(f.level == "ERROR" and f.kind in RISING for f in alert.findings)
    silent = any(f.kind is Kind.SILENCE and f.aggregate for f in alert.findings)
    strong = any(f.sigma >= _HIGH_SIGMA for f in alert.findings)
    return Urgency.HIGH if silent or (errors and strong) else Urgency.NORMAL


def _foresee(alert: Alert, steps: Sequence[GroupStep]) -> None:
    """The probability of the group that is worst off, and the time until it fails where the trend says so."""
    own = [step for step in steps if step.log_group in alert.groups]
    known = [step.forecast.probability for step in own if step.forecast.probability is not None]
    if known:
        alert.probability, alert.no_forecast = max(known), ""
    elif own and alert.probability is None:
        alert.no_forecast = own[0].forecast.reason
    leads = [step.lead_seconds for step in own if step.lead_seconds is not None]
    if leads and any(f.kind is Kind.RAMP for f in alert.findings):
        alert.lead_seconds = min(leads)
