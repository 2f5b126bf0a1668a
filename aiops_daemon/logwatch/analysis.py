"""The whole analysis of several groups: feed lines, tell the time, get alerts. Live and backtest run this same object."""

from collections.abc import Callable, Sequence
from typing import Protocol

from aiops_daemon.logwatch.baseline import BUCKET_SECONDS
from aiops_daemon.logwatch.episodes import Change, EpisodeBook
from aiops_daemon.logwatch.findings import Alert
from aiops_daemon.logwatch.group import GroupAnalysis, GroupStep, Line, Miner
from aiops_daemon.logwatch.settings import LogWatchSettings


class Predicts(Protocol):
    """Probability that a group fails within the next hour (probability.py), from its error lines per bucket."""

    def look(self, at: int, errors: int) -> tuple[float | None, str]:
        """The probability, or None and why there is none."""
        ...


class LogAnalysis:
    """`feed` lines of any group, then `advance(now)`; `now` never goes back."""

    def __init__(
        self,
        settings: LogWatchSettings,
        *,
        miner: Callable[[], Miner],
        redact: Callable[[str], str] = str,
        forecaster: Callable[[], Predicts] | None = None,
    ) -> None:
        self.settings = settings
        self.groups: dict[str, GroupAnalysis] = {}
        self.book = EpisodeBook(deploy_window=settings.deploy_window_seconds)
        self._miner, self._redact, self._forecaster = miner, redact, forecaster
        self.forecasters: dict[str, Predicts] = {}

    def group(self, name: str) -> GroupAnalysis:
        found = self.groups.get(name)
        if found is None:
            found = self.groups[name] = GroupAnalysis(
                name,
                self._miner(),
                threshold=self.settings.anomaly_threshold,
                lag=-(-self.settings.overlap_seconds // BUCKET_SECONDS),
                settle=self.settings.settle_seconds,
                adopt_after=self.settings.adopt_after_seconds // BUCKET_SECONDS,
                redact=self._redact,
            )
        return found

    def feed(self, name: str, lines: Sequence[Line]) -> None:
        self.group(name).feed(lines)

    def advance(self, now: int) -> list[tuple[Change, Alert]]:
        """Judge every bucket that is complete at `now` (seconds), oldest first over all groups."""
        changes: list[tuple[Change, Alert]] = []
        while True:
            due = [(bucket, name) for name, group in self.groups.items() if (bucket := group.due(now)) is not None]
            if not due:
                return changes
            bucket = min(due)[0]
            changes += self.settle([self.groups[name].step() for number, name in sorted(due) if number == bucket])

    def settle(self, steps: Sequence[GroupStep]) -> list[tuple[Change, Alert]]:
        """Bring one bucket of one or several groups into the alerts."""
        if not steps:
            return []
        at = max(step.at for step in steps)
        for step in steps:
            for deploy in step.deploys:
                self.book.note_deploy(deploy)
        changes = self.book.found(at, [finding for step in steps for finding in step.findings])
        changes += self.book.changed(at, [finding for step in steps for finding in step.changed])
        changes += self.book.ended(at, [ending for step in steps for ending in step.endings])
        return changes
