"""Similar past incidents, found once and stored with the incident."""

from aiops_daemon.model.incident import State
from aiops_daemon.model.verdict import History
from aiops_daemon.workflow.run import Run


async def recall(run: Run) -> History:
    """DETECTING -> ANALYZING, with the history on the record."""
    known = run.result("history", History)
    if known is not None:
        return known
    history = await run.tools.history.similar(run.event)
    note = f"claimed; {history.count} similar incident(s)"
    if history.success_rate is not None:
        note += f", {history.success_rate:.0%} recovered"
    await run.move(State.ANALYZING, note, results={"history": history.model_dump(mode="json")})
    return history
