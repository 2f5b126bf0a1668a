"""The wiring diagram: the only place that names concrete classes."""

import asyncio
import random
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aiops_daemon import __version__
from aiops_daemon.actions import catalogue
from aiops_daemon.analysts.rules import RulesAnalyst
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.aws.table import DynamoTable
from aiops_daemon.daemon import Background, Daemon
from aiops_daemon.events import recognize
from aiops_daemon.handler import MessageHandler
from aiops_daemon.incidents.budgets import Budget, CostBudget
from aiops_daemon.incidents.claims import Claims
from aiops_daemon.incidents.history import IncidentHistory
from aiops_daemon.incidents.journal import Journal
from aiops_daemon.incidents.kill_switch import KillSwitch, SwitchParameter
from aiops_daemon.intake.consumer import Consumer
from aiops_daemon.intake.depth import DepthGauge
from aiops_daemon.intake.envelope import open_envelope
from aiops_daemon.logwatch.deploys import DeploysSeen
from aiops_daemon.model.verdict import Evidence, Verdict
from aiops_daemon.notifiers import configured as configured_notifiers
from aiops_daemon.policy.provenance import explain_cause
from aiops_daemon.policy.settings import PolicySettings, policy_facts
from aiops_daemon.ports import Action, Analyst, Clock, Notifier, Probe
from aiops_daemon.probes import probes
from aiops_daemon.settings import Settings
from aiops_daemon.telemetry.cloudwatch import CloudWatchMetrics
from aiops_daemon.telemetry.health import Check, Health, Watchdog
from aiops_daemon.telemetry.http import HttpServer
from aiops_daemon.telemetry.metrics import Metrics
from aiops_daemon.telemetry.redaction import redact
from aiops_daemon.workflow.admission import Admission
from aiops_daemon.workflow.gauges import GuardGauges
from aiops_daemon.workflow.rails import breakers
from aiops_daemon.workflow.run import Tools
from aiops_daemon.workflow.storm import storms
from aiops_daemon.workflow.worker import Workers

if TYPE_CHECKING:
    from aiops_daemon.logwatch.watch import LogWatch


@dataclass
class Parts:
    """What commands and tests reach into."""

    settings: Settings
    clients: AwsSession
    clock: Clock
    metrics: Metrics
    tools: Tools
    workers: Workers
    admission: Admission
    handler: MessageHandler
    deploys: DeploysSeen


def assemble(
    settings: Settings, clients: AwsSession, *, account: str, region: str, clock: Clock | None = None, name: str | None = None
) -> Parts:
    """Everything but the tasks; makes no AWS call."""
    clock = clock or SystemClock()
    metrics = Metrics()
    clients.observe(metrics.process.aws_call)
    tools = _tools(settings, clients, clock, metrics, account=account)
    workers = Workers(tools, name or socket.gethostname())
    admission = Admission(tools.journal, clock, judging(settings.policy), lambda event: explain_cause(event, settings.policy))
    deploys = DeploysSeen()
    handler = MessageHandler(
        read=lambda body, at: open_envelope(body, queue_account=account, queue_region=region, received_at=at),
        recognize=recognize,
        admission=admission,
        workers=workers,
        metrics=metrics,
        heard=deploys.heard,
    )
    return Parts(settings, clients, clock, metrics, tools, workers, admission, handler, deploys)


def judging(policy: PolicySettings) -> Callable[[Evidence], Verdict]:
    """The rules' word at intake. They know what the policy says of the resource: a change of a guarded one is no ordinary change."""
    rules = RulesAnalyst()
    return lambda evidence: rules.judge_now(evidence.model_copy(update={"policy": policy_facts(evidence.event, policy)}))


def _tools(settings: Settings, clients: AwsSession, clock: Clock, metrics: Metrics, *, account: str) -> Tools:
    table = DynamoTable(clients, settings.incidents.table)
    flow = settings.workflow
    hour = timedelta(hours=1)
    parameter = flow.kill_switch_parameter
    money = CostBudget(table, clock, name="model-cost", dollars=flow.model_dollars_per_hour, window=hour, ids=lambda: uuid.uuid4().hex)
    actions: Mapping[str, Action] = {action.spec.id: action for action in catalogue(settings.actions, clock)}
    looks: Mapping[str, Probe] = {kind: probe for probe in probes() for kind in probe.resource_types}
    notifiers: tuple[Notifier, ...] = configured_notifiers(settings.notifiers, clients)
    return Tools(
        journal=Journal(table, clock, lease=timedelta(seconds=flow.lease_seconds)),
        claims=Claims(table, clock),
        history=IncidentHistory(table, clock),
        switch=KillSwitch(table, clock, SwitchParameter(clients, parameter, clock) if parameter else None),
        breaker=breakers(flow, table, clock),
        storms=storms(flow, table, clock),
        recoveries=Budget(table, clock, name="recoveries", limit=flow.recoveries_per_account_and_hour, window=hour),
        model_calls=Budget(table, clock, name="model-calls", limit=flow.model_calls_per_hour, window=hour),
        rules=RulesAnalyst(),
        model=_model(settings, metrics, money),
        model_money=money,
        actions=actions,
        probes=looks,
        notifiers=notifiers,
        clients=clients.home(account),
        policy=settings.policy,
        settings=flow,
        clock=clock,
        metrics=metrics,
    )


def _model(settings: Settings, metrics: Metrics, purse: CostBudget) -> Analyst | None:
    if settings.model.provider == "none":
        return None
    from aiops_daemon.analysts.model import ModelAnalyst  # 2.5 s of CPU to import: only where one is configured

    return ModelAnalyst(settings.model, metrics.models, purse)


@asynccontextmanager
async def built(settings: Settings, *, clock: Clock | None = None, name: str | None = None) -> AsyncIterator[tuple[Daemon, Parts]]:
    """The whole daemon, ready to run."""
    async with AwsSession(settings.aws, frozen=True) as clients, AsyncExitStack() as owned:
        account, region = await clients.account(), await clients.region()
        parts = assemble(settings, clients, account=account, region=region, clock=clock, name=name)
        model: object = parts.tools.model
        if isinstance(model, AbstractAsyncContextManager):  # one that keeps connections
            await owned.enter_async_context(model)
        consumer = Consumer(
            await clients.client("sqs", purpose="receive"),
            await clients.client("sqs"),
            settings.intake,
            parts.clock,
            parts.metrics.intake,
            parts.handler,
            closed=lambda: parts.workers.ready,
        )
        parts.metrics.observe_process()
        watchdog = Watchdog(settings.telemetry, parts.clock, parts.metrics.process)
        http = HttpServer(
            settings.telemetry,
            parts.metrics,
            lambda: Health((Check("queue", consumer.ready), Check("table", parts.workers.ready))),
            watchdog,
        )
        background: list[Background] = [
            CloudWatchMetrics(clients, parts.metrics, parts.clock).run,
            DepthGauge(await clients.client("sqs"), settings.intake, parts.clock, parts.metrics.intake).run,
            GuardGauges(parts.tools, account).run,
        ]
        build = {"version": __version__, "mode": settings.policy.mode.value}
        parts.metrics.process.build.info(build)
        if settings.logwatch.enabled and settings.logwatch.groups:
            background.append(_watching(await log_watch(parts, account=account, region=region)))
        yield (
            Daemon(
                consumer, parts.workers, http, watchdog, background=tuple(background), about=build | {"account": account, "region": region}
            ),
            parts,
        )


async def log_watch(parts: Parts, *, account: str, region: str) -> "LogWatch":
    """The five-minute task, whose alerts open incidents in the daemon's own table."""
    from aiops_daemon.foresee import Warnings  # numpy: only where log groups are watched
    from aiops_daemon.logwatch.reader import LogReader
    from aiops_daemon.logwatch.store import PatternStore
    from aiops_daemon.logwatch.templates import TemplateMiner
    from aiops_daemon.logwatch.watch import LogWatch

    settings = parts.settings.logwatch
    warnings = Warnings(parts.admission, parts.workers, parts.clock, account=account, region=region, actions=settings.actions)
    rng = random.Random()  # noqa: S311  # jitter
    return LogWatch(
        settings,
        LogReader(await parts.clients.client("logs"), parts.clock, rng),
        PatternStore(await parts.clients.client("dynamodb"), settings.table, parts.workers.new_owner()),
        parts.clock,
        rng,
        miner=lambda: TemplateMiner(limit=settings.max_templates),
        redact=redact,
        on_alert=warnings,
        follow_up=warnings.became_of,
        deploys=parts.deploys,
        metrics=parts.metrics.log_watch,
    )


def _watching(watch: "LogWatch") -> Background:
    async def until(stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(watch.run())
            await stop.wait()
            task.cancel()

    return until


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Build and run until `stop`."""
    async with built(settings) as (daemon, _):
        await daemon.run(stop)
