"""JSON lines on stderr, one per event, each with its correlation id and without secrets.

Bind the correlation id where a piece of work begins (`with correlation(id):`); it travels in a context variable, so that every
line of that work has it, also those of libraries, which log through the standard library and end in the same place.
"""

import logging
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from contextvars import Context, copy_context
from typing import TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from aiops_daemon.ports import Clock
from aiops_daemon.telemetry.redaction import redacted
from aiops_daemon.telemetry.settings import TelemetrySettings

NO_CORRELATION = "daemon"  # lines that belong to the process, not to one event
_NOISY = ("botocore", "aiobotocore", "aiohttp.access", "asyncio", "urllib3", "httpx", "httpcore")


def logger(name: str) -> FilteringBoundLogger:
    """A logger for one component. Lazy: it may be made at import, before `configure`."""
    found: FilteringBoundLogger = structlog.get_logger(component=name)
    return found


def correlation(correlation_id: str, **more: str) -> AbstractContextManager[None]:
    """Every line inside carries this id (and what else is given)."""
    return structlog.contextvars.bound_contextvars(correlation_id=correlation_id, **more)


def correlated(correlation_id: str, **more: str) -> Context:
    """The same for a task of its own, whose every line it is: what a task needs no more when it ends, nobody has to take back."""
    context = copy_context()
    context.run(structlog.contextvars.bind_contextvars, correlation_id=correlation_id, **more)
    return context


def configure(settings: TelemetrySettings, clock: Clock, stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging. Called once, by the command line."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    target = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _stamp(clock),
        structlog.processors.format_exc_info,
        _with_correlation,
        _without_secrets,
    ]
    render: Processor = (
        structlog.processors.JSONRenderer(default=str, ensure_ascii=True)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=target.isatty(), sort_keys=False)
    )
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=False,  # a cached logger would keep writing to the stream of an earlier configure()
    )
    _configure_standard_library(level, shared, render, target)


def _configure_standard_library(level: int, shared: list[Processor], render: Processor, target: TextIO) -> None:
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shared, render],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _stamp(clock: Clock) -> Processor:
    def stamp(_: object, __: str, event: EventDict) -> EventDict:
        event["timestamp"] = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return event

    return stamp


def _with_correlation(_: object, __: str, event: EventDict) -> EventDict:
    event.setdefault("correlation_id", NO_CORRELATION)
    return event


def _without_secrets(_: object, __: str, event: EventDict) -> MutableMapping[str, object]:
    clean = redacted(dict(event))
    return clean if isinstance(clean, dict) else event
