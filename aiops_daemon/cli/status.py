"""`status`: does the fleet act, and if not, why? One screen for whoever takes over at night."""

import asyncio
from dataclasses import dataclass

from aiops_daemon.cli.desk import Desk, at_desk
from aiops_daemon.model.incident import TERMINAL, State

_MOST = 500  # counted; more are shown as this many
_MODES = {"act": "act", "observe": "observe: everything is decided and recorded, nothing is touched"}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the guard rails say now."""

    fleet: str
    mode: str
    stopped: str
    breakers: tuple[str, ...]
    waiting: int
    underway: int


def status() -> None:
    """Does the daemon act, and if not, why? Mode, stop switch, breakers, and who waits for an answer."""
    now = asyncio.run(at_desk(_look))
    print(f"fleet        {now.fleet}")
    print(f"mode         {_MODES.get(now.mode, now.mode)} [as set here; what the daemon itself has is on its HTTP port, /]")
    print(f"stop switch  {now.stopped}")
    print(f"breakers     {'; '.join(now.breakers) or 'all closed'}")
    print(f"underway     {_counted(now.underway)}")
    ask = f" (aiops-daemon incidents list --state {State.AWAITING_APPROVAL} --since 7d)" if now.waiting else ""
    print(f"approvals    {_counted(now.waiting)} waiting{ask}")


async def _look(desk: Desk) -> Standing:
    from aiops_daemon.actions import catalogue
    from aiops_daemon.incidents.breaker import Breaker

    actions = sorted(one.spec.id for one in catalogue(desk.settings.actions, desk.clock))
    breaker = Breaker(desk.table, desk.clock)
    looks = [(action, await breaker.look(action)) for action in actions]
    opened = [
        f"{action} OPEN: {state.reason} (aiops-daemon breaker show {action})" for action, state in looks if state.open_since is not None
    ]
    underway = [await desk.history.count(state, _MOST) for state in State if state not in TERMINAL | {State.AWAITING_APPROVAL}]
    waiting = await desk.history.count(State.AWAITING_APPROVAL, _MOST)
    fleet = f"table {desk.settings.incidents.table}, as {await desk.clients.caller()}"
    return Standing(fleet, desk.settings.policy.mode.value, await _stopped(desk), tuple(opened), waiting, sum(underway))


async def _stopped(desk: Desk) -> str:
    from aiops_daemon.incidents.kill_switch import KillSwitch, SwitchParameter

    name = desk.settings.workflow.kill_switch_parameter
    parameter = SwitchParameter(desk.clients, name, desk.clock) if name else None
    stop = await KillSwitch(desk.table, desk.clock, parameter).stopped()
    if stop is None:
        return "run" if name else "run [the table's; AIOPS_KILL_SWITCH_PARAMETER is not set here]"
    how = f"set {name} to `run`" if stop.by.startswith("SSM parameter") else '`aiops-daemon start --reason "..."` lets it run'
    return f"STOPPED by {stop.by} at {stop.at}: {stop.reason}; {how}"


def _counted(number: int) -> str:
    return f"{number}{' or more' if number >= _MOST else ''} incident{'' if number == 1 else 's'}"
