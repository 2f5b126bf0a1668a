"""Name and versions of an SSM parameter, for the action that restores one and the probe that checks it. Values never leave these objects:
what is put on an incident's record is a version number."""

from collections.abc import Mapping, Sequence
from typing import Any

Version = Mapping[str, Any]


def parameter_name(identifier: str) -> str:
    """From an ARN (`...:parameter/path/name`: the slash belongs to a path, not to a bare name) or as it is."""
    if not identifier.startswith("arn:"):
        return identifier
    tail = identifier.partition(":parameter/")[2]
    return f"/{tail}" if "/" in tail else tail


async def parameter_history(ssm: Any, name: str) -> list[Version]:
    """Every version, oldest first (SSM keeps the last 100). Raise NotFound where the parameter is gone."""
    found: list[Version] = []
    token: dict[str, str] = {}
    while True:
        answer = await ssm.get_parameter_history(Name=name, WithDecryption=True, MaxResults=50, **token)
        found += answer["Parameters"]
        if not answer.get("NextToken"):
            return sorted(found, key=lambda version: int(version["Version"]))
        token = {"NextToken": answer["NextToken"]}


def version_before(history: Sequence[Version], changed: int | None) -> tuple[Version, Version] | None:
    """The version that the change made (the newest where `changed` is None) and the one before it; None where there is none."""
    made = next((item for item in reversed(history) if changed is None or int(item["Version"]) == changed), None)
    if made is None:
        return None
    earlier = [item for item in history if int(item["Version"]) < int(made["Version"])]
    return (made, earlier[-1]) if earlier else None
