"""/metrics, /healthz and /readyz on one port.

/healthz answers "restart me?": red only when the event loop is stuck. /readyz answers "can I work?": a missing queue makes it
red and leaves the process up, since restarting would not create the queue.
"""

import os
from collections.abc import Callable
from typing import Self

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from aiops_daemon import __version__
from aiops_daemon.model.errors import ConfigurationError
from aiops_daemon.telemetry.health import Health, Watchdog
from aiops_daemon.telemetry.metrics import Metrics
from aiops_daemon.telemetry.settings import TelemetrySettings


class HttpServer:
    """An async context manager; `port` is the real one, also where port 0 was asked for."""

    def __init__(self, settings: TelemetrySettings, metrics: Metrics, health: Callable[[], Health], watchdog: Watchdog) -> None:
        self._settings = settings
        self._metrics = metrics
        self._health = health
        self._watchdog = watchdog
        app = web.Application()
        pages = {"/": self.index, "/metrics": self.metrics, "/healthz": self.healthz, "/readyz": self.readyz}
        app.add_routes([web.get(path, page) for path, page in pages.items()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self.port = settings.http_port

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.http_host, self._settings.http_port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            where = f"{self._settings.http_host}:{self._settings.http_port}"
            why = os.strerror(error.errno) if error.errno else str(error)
            raise ConfigurationError(f"cannot listen on {where}: {why} (AIOPS_TELEMETRY__HTTP_HOST, AIOPS_TELEMETRY__HTTP_PORT)") from error
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()

    async def index(self, _: web.Request) -> web.Response:
        """For a person who opens the port: what is here."""
        health = self._checked()
        lines = [f"aiops-daemon {__version__}", "ready" if health.ok else "NOT ready"]
        lines += [f"  {check.name}: {check.reason or 'ok'}" for check in health.checks]
        lines += ["", *self._acting()]
        return web.Response(text="\n".join([*lines, "", "/metrics  /healthz  /readyz", ""]))

    def _acting(self) -> list[str]:
        """The two things that keep it from acting at all; the switch as it was last read, a minute ago at most."""
        value = self._metrics.registry.get_sample_value
        acts = value("aiops_build_info", {"version": __version__, "mode": "act"})
        stopped = value("aiops_kill_switch_engaged")
        return [
            "mode: act" if acts else "mode: observe (everything is decided and recorded, nothing is touched)",
            "stop switch: STOPPED, no step runs (`aiops-daemon status` says who and why)"
            if stopped
            else "stop switch: run, as read within the last minute (`aiops-daemon status` reads it now)",
        ]

    async def metrics(self, request: web.Request) -> web.Response:
        """The Prometheus or OpenMetrics text, as the scraper asks for."""
        self._checked()
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        answer = web.Response(body=encode(self._metrics.registry), headers={"Content-Type": content_type})
        answer.enable_compression()
        return answer

    async def healthz(self, _: web.Request) -> web.Response:
        """200 as long as the watchdog beats."""
        alive = self._watchdog.alive
        body = {"alive": alive, "last_beat_seconds": round(self._watchdog.age, 3)}
        return web.json_response(body, status=200 if alive else 503)

    async def readyz(self, _: web.Request) -> web.Response:
        """200 when every check is green; the reasons in any case."""
        health = self._checked()
        checks = [{"name": check.name, "ok": check.reason is None, "reason": check.reason} for check in health.checks]
        return web.json_response({"ready": health.ok, "checks": checks}, status=200 if health.ok else 503)

    def _checked(self) -> Health:
        health = self._health()
        for check in health.checks:
            self._metrics.process.ready.labels(check.name).set(check.reason is None)
        return health
