"""Is this process alive, and can it do its work: what /healthz and /readyz answer."""

from dataclasses import dataclass

from aiops_daemon.ports import Clock
from aiops_daemon.telemetry.metrics import ProcessMetrics
from aiops_daemon.telemetry.settings import TelemetrySettings


@dataclass(frozen=True, slots=True)
class Check:
    """One named condition; `reason` says in plain words what is wrong, None: nothing."""

    name: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Ready when no check has a reason."""

    checks: tuple[Check, ...] = ()

    @property
    def ok(self) -> bool:
        return all(check.reason is None for check in self.checks)


class Watchdog:
    """Beats as long as the event loop runs its timers, and measures how late they are."""

    def __init__(self, settings: TelemetrySettings, clock: Clock, metrics: ProcessMetrics) -> None:
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._beat = clock.monotonic()

    @property
    def age(self) -> float:
        """Seconds since the last beat."""
        return self._clock.monotonic() - self._beat

    @property
    def alive(self) -> bool:
        return self.age <= self._settings.beat_limit_seconds

    async def run(self) -> None:
        """Beat until cancelled; a task of the daemon's TaskGroup, so that it dies with the rest."""
        interval = self._settings.beat_seconds
        while True:
            await self._clock.sleep(interval)
            now = self._clock.monotonic()
            self._metrics.loop_lag.observe(max(0.0, now - self._beat - interval))
            self._beat = now
