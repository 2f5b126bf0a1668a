"""What earlier steps left for a probe, and how a probe says that it could not see."""

from collections.abc import Mapping

from pydantic import JsonValue

from aiops_daemon.model.errors import GiveUp
from aiops_daemon.model.plan import Health, HealthStatus


def left_by_steps(results: Mapping[str, JsonValue], name: str) -> JsonValue:
    """The value under `name` in the newest step result that has one."""
    found = [result[name] for result in results.values() if isinstance(result, dict) and result.get(name) is not None]
    return found[-1] if found else None


def blind(error: GiveUp) -> Health:
    """The look itself was refused: that is not an unhealthy resource."""
    return Health(status=HealthStatus.UNKNOWN, detail=f"could not look: {error}"[:500])
