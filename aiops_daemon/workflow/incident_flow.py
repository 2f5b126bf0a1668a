"""The recovery, one line a stage. Running it again continues it: finished stages answer from the record.

A stage leaves early by raising Ended (terminal state written) or Parked (somebody goes on later); see run.py.
"""

from aiops_daemon.model.plan import Plan
from aiops_daemon.workflow.analyze import analyze
from aiops_daemon.workflow.detect import detect
from aiops_daemon.workflow.execute import execute, roll_back
from aiops_daemon.workflow.gate import gate
from aiops_daemon.workflow.learn import conclude
from aiops_daemon.workflow.plan import make_plan
from aiops_daemon.workflow.recall import recall
from aiops_daemon.workflow.run import Run
from aiops_daemon.workflow.verify import verify


async def incident_flow(run: Run) -> None:
    """DETECTING -> ANALYZING -> PLANNING -> EXECUTING -> VERIFYING -> COMPLETED, and every honest way out of it."""
    await detect(run)  # the claim: cooldown and single flight in one write
    plan = await _decide(run)
    failure = await execute(run, plan)  # independent steps in parallel
    health = await verify(run, plan, failure)  # an independent look, a soak, three tries
    await roll_back(run, plan, failure, health)  # undo in reverse when it did not help
    await conclude(run, plan, health)  # cooldown, history, the announcement


async def _decide(run: Run) -> Plan:
    """The plan that may run. A function of its own, so that what only it needs is let go before the long part."""
    history = await recall(run)  # what happened before to resources like this
    verdict = await analyze(run, history)  # rules, then a model where one is configured
    plan = await make_plan(run, verdict)  # typed steps on the event's own target
    await gate(run, verdict, plan)  # act, ask a human, or leave it
    return plan
