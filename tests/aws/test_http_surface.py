"""/metrics, /healthz and /readyz over TCP, on a port that the operating system chose."""

import aiohttp
import pytest

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.model.errors import ConfigurationError
from aiops_daemon.telemetry.health import Check, Health, Watchdog
from aiops_daemon.telemetry.http import HttpServer
from aiops_daemon.telemetry.metrics import Metrics
from aiops_daemon.telemetry.settings import TelemetrySettings

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_three_paths() -> None:
    settings, metrics = TelemetrySettings(http_host="127.0.0.1", http_port=0), Metrics()
    metrics.observe_process()
    watchdog = Watchdog(settings, SystemClock(), metrics.process)
    red = Health((Check("queue", "queue aiops-events does not exist"),))
    async with HttpServer(settings, metrics, lambda: red, watchdog) as server, aiohttp.ClientSession() as http:
        assert server.port > 0
        answers = {}
        for path in ("/metrics", "/healthz", "/readyz", "/secret"):
            async with http.get(f"http://127.0.0.1:{server.port}{path}") as answer:
                answers[path] = (answer.status, await answer.text())
    assert {path: status for path, (status, _) in answers.items()} == {"/metrics": 200, "/healthz": 200, "/readyz": 503, "/secret": 404}
    assert "process_cpu_seconds_total" in answers["/metrics"][1]
    assert 'aiops_ready{check="queue"} 0.0' in answers["/metrics"][1]
    assert "does not exist" in answers["/readyz"][1]


async def test_a_port_that_somebody_has_is_one_line_that_says_which_setting() -> None:
    metrics = Metrics()

    def on(port: int) -> HttpServer:
        settings = TelemetrySettings(http_host="127.0.0.1", http_port=port)
        return HttpServer(settings, metrics, Health, Watchdog(settings, SystemClock(), metrics.process))

    async with on(0) as first:
        with pytest.raises(
            ConfigurationError, match=rf"cannot listen on 127\.0\.0\.1:{first.port}: Address already in use \(.*HTTP_PORT\)"
        ):
            await on(first.port).__aenter__()
