"""The analysis of several groups at one time: feed lines, tell the time, get alerts. The live watch makes its groups here, too."""

from collections.abc import Callable, Sequence

from aiops_daemon.logwatch.baseline import BUCKET_SECONDS
from aiops_daemon.logwatch.episodes import Change, EpisodeBook
from aiops_daemon.logwatch.findings import Alert
from aiops_daemon.logwatch.group import GroupAnalysis, Miner
from aiops_daemon.logwatch.lines import Line
from aiops_daemon.logwatch.outlook import GroupOutlook
from aiops_daemon.logwatch.settings import LogWatchSettings


def new_group(name: str, settings: LogWatchSettings, miner: Miner, redact: Callable[[str], str] = str) -> GroupAnalysis:
    """A group of which nothing is known yet."""
    return GroupAnalysis(
        name,
        miner,
        threshold=settings.anomaly_threshold,
        lag=-(-settings.overlap_seconds // BUCKET_SECONDS),
        settle=settings.settle_seconds,
        adopt_after=settings.adopt_after_seconds // BUCKET_SECONDS,
        redact=redact,
        outlook=GroupOutlook(settings.failure_lines_per_hour),
    )


class LogAnalysis:
    """`feed` lines of any group, then `advance(now)`; `now` never goes back."""

    def __init__(
        self,
        settings: LogWatchSettings,
        *,
        miner: Callable[[], Miner],
        redact: Callable[[str], str] = str,
        observe: Callable[[GroupAnalysis], None] = lambda group: None,
    ) -> None:
        self.settings = settings
        self.groups: dict[str, GroupAnalysis] = {}
        self.book = EpisodeBook(deploy_window=settings.deploy_window_seconds)
        self._miner, self._redact, self._observe = miner, redact, observe

    def group(self, name: str) -> GroupAnalysis:
        found = self.groups.get(name)
        if found is None:
            found = self.groups[name] = new_group(name, self.settings, self._miner(), self._redact)
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
            stepping = [self.groups[name] for number, name in sorted(due) if number == bucket]
            steps = [group.step() for group in stepping]
            for group in stepping:
                self._observe(group)
            changes += self.book.settle(steps)

    def restart(self) -> None:
        """Forget what is normal (a gap of weeks); templates stay."""
        for group in self.groups.values():
            group.restart()
