"""Similar past incidents, found once and stored with the incident.

Where a model is asked next, which takes a while, they are recorded at once, so that people see ANALYZING; otherwise analyze.py records
them with the verdict: one write instead of two.
"""

from aiops_daemon.model.incident import State
from aiops_daemon.model.verdict import History
from aiops_daemon.workflow.run import Run


async def recall(run: Run) -> History:
    """DETECTING -> ANALYZING where a model thinks next; else what analyze records."""
    known = run.result("history", History)
    if known is not None:
        return known
    history = await run.tools.history.similar(run.event)
    if run.tools.model is not None:
        await run.move(State.ANALYZING, recalled(history), results={"history": history.model_dump(mode="json")})
    return history


def recalled(history: History) -> str:
    """For the audit trail."""
    note = f"claimed; {history.count} similar incident(s)"
    if history.success_rate is not None:
        note += f", {history.success_rate:.0%} recovered"
    return note
