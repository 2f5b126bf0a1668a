"""The ECS service that a step works on: its name in an event, and a look at it."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from aiops_daemon.ports import ActionCall

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def place_of(identifier: str, cluster: JsonValue) -> tuple[str, str] | None:
    """Cluster and service from an ARN (with or without the cluster in it), from cluster/service, or from a bare name."""
    parts = identifier.rpartition("service/")[2].split("/") if identifier.startswith("arn:") else identifier.split("/")
    named = cluster.rpartition("/")[2] if isinstance(cluster, str) else "default"
    found = (parts[0], parts[1]) if len(parts) == 2 else (named, parts[0])
    return found if len(parts) <= 2 and all(_NAME.fullmatch(part) for part in found) else None


def target(call: ActionCall) -> dict[str, JsonValue]:
    """Which service, for UpdateService."""
    return {"cluster": call.parameters["cluster"], "service": call.parameters["service"]}


async def describe(call: ActionCall, *include: str) -> Mapping[str, Any] | None:
    """The service as it is now, None where there is none. `include`: TAGS, where they are wanted."""
    ecs = await call.client("ecs")
    more = {"include": [*include]} if include else {}
    answer = await ecs.describe_services(cluster=call.parameters["cluster"], services=[call.parameters["service"]], **more)
    found: list[Mapping[str, Any]] = answer["services"]
    return found[0] if found else None
