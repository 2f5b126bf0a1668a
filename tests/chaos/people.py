"""Those who say yes or no to what they are asked, and one who sets the kill switch and clears it again."""

import asyncio
import json
import random

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.incidents.kill_switch import SWITCH, KillSwitch
from tests.benchmarks.stand import TABLE
from tests.chaos.cloud import ChaosCloud, now

OPERATOR, REASON = "chaos operator", "seeded stop"


def decision(incident: str, word: str, number: int) -> str:
    """An operator's word."""
    said = {"incident_id": incident, "decision": word, "by": "chaos", "reason": "seeded", "signal_id": f"s-{number}"}
    return json.dumps({"aiops_decision": said})


class People:
    """Everything from the seed."""

    def __init__(self, cloud: ChaosCloud, rng: random.Random, *, by_parameter: bool) -> None:
        self._cloud = cloud
        self._rng = rng
        self._by_parameter = by_parameter

    async def answer(self, end: float) -> None:
        """Some of those who are asked say yes, some no, some nothing."""
        asked: set[str] = set()
        while now() < end:
            await asyncio.sleep(0.3)
            waiting = [item["incident_id"] for item in self._cloud.incidents() if item["workflow_state"] == "AWAITING_APPROVAL"]
            for incident in sorted(set(waiting) - asked):
                asked.add(incident)
                word = self._rng.choice(("approve", "approve", "reject", ""))
                if word:
                    await self._cloud.send(decision(incident, word, len(asked)))

    async def switch(self, end: float) -> None:
        """Set for some seconds, as soon as somebody acts; clear at the end."""
        while now() < end:
            await asyncio.sleep(min(self._rng.uniform(3.0, 8.0), end - now()))
            while now() < end and not self._somebody_acts():  # noqa: ASYNC110  # the double has no event for it
                await asyncio.sleep(0.01)
            if now() < end:
                await self._set(stopped=True)
                await asyncio.sleep(min(self._rng.uniform(1.5, 4.0), end - now()))
                await self._set(stopped=False)

    def _somebody_acts(self) -> bool:
        return any(item["workflow_state"] == "EXECUTING" for item in self._cloud.incidents())

    async def _set(self, *, stopped: bool) -> None:
        self._cloud.caller = "operator"
        if self._by_parameter:
            self._cloud.estate.switch.append((now(), f"stop: {REASON}" if stopped else "run"))
            self._cloud.wrote({"incident_id": SWITCH, "stopped": stopped})
            return
        await KillSwitch(self._cloud.tables[TABLE], SystemClock()).set(stopped=stopped, by=OPERATOR, reason=REASON)
