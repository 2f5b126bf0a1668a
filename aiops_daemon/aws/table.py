"""The DynamoDB table behind ports.Table: plain dicts in and out, conditional writes that say what they found."""

from collections.abc import Mapping
from typing import Any

from aiops_daemon.model.errors import ConditionFailed
from aiops_daemon.ports import AwsClients


def to_attribute(value: Any) -> dict[str, Any]:  # noqa: PLR0911  # one return per type
    """A Python value in DynamoDB's wire form. A frozenset of strings becomes a string set (SS)."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | float():
            return {"N": repr(value)}
        case None:
            return {"NULL": True}
        case frozenset():
            return {"SS": sorted(value)}
        case list() | tuple():
            return {"L": [to_attribute(item) for item in value]}
        case dict():
            return {"M": {key: to_attribute(item) for key, item in value.items()}}
        case _:
            raise TypeError(f"{type(value).__name__} has no DynamoDB form")


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """The Python value of one attribute; whole numbers come back as int."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return float(value) if set(value) & set(".eE") else int(value)
        case "NULL":
            return None
        case "SS":
            return frozenset(value)
        case "L":
            return [from_attribute(item) for item in value]
        case "M":
            return {key: from_attribute(item) for key, item in value.items()}
        case _:
            raise TypeError(f"unexpected DynamoDB type {kind}")


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """A whole item as a plain dict."""
    return {name: from_attribute(attribute) for name, attribute in item.items()}


def _values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f":{name}": to_attribute(value) for name, value in values.items()}


class DynamoTable:
    """Implements ports.Table. `values` are written without their colon."""

    def __init__(self, clients: AwsClients, name: str) -> None:
        self._clients = clients
        self.name = name

    async def get(self, key: str) -> dict[str, Any] | None:
        client = await self._clients.client("dynamodb")
        answer = await client.get_item(TableName=self.name, Key={"incident_id": {"S": key}}, ConsistentRead=True)
        item = answer.get("Item")
        return from_item(item) if item else None

    async def put(self, item: Mapping[str, Any], condition: str | None = None, values: Mapping[str, Any] | None = None) -> None:
        client = await self._clients.client("dynamodb")
        request: dict[str, Any] = {
            "TableName": self.name,
            "Item": {name: to_attribute(value) for name, value in item.items() if value is not None},
        }
        if condition is not None:
            request["ConditionExpression"] = condition
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if values:
            request["ExpressionAttributeValues"] = _values(values)
        await self._write(client.put_item, request, str(item["incident_id"]))

    async def update(
        self, key: str, expression: str, condition: str, values: Mapping[str, Any], names: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        client = await self._clients.client("dynamodb")
        request: dict[str, Any] = {
            "TableName": self.name,
            "Key": {"incident_id": {"S": key}},
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": _values(values),
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if names:
            request["ExpressionAttributeNames"] = {f"#{alias}": name for alias, name in names.items()}
        answer = await self._write(client.update_item, request, key)
        return from_item(answer["Attributes"])

    async def query(
        self,
        index: str,
        condition: str,
        values: Mapping[str, Any],
        *,
        filter_by: str | None = None,
        names: Mapping[str, str] | None = None,
        newest_first: bool = True,
        limit: int | None = None,
        reads: int | None = None,
        only: str | None = None,
    ) -> list[Mapping[str, Any]]:
        client = await self._clients.client("dynamodb")
        request: dict[str, Any] = {
            "TableName": self.name,
            "IndexName": index,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": _values(values),
            "ScanIndexForward": not newest_first,
        }
        if filter_by:
            request["FilterExpression"] = filter_by
        most = reads if filter_by else limit
        if most is not None:
            request["Limit"] = most  # of what is looked at: the filter comes after it
        if only is not None:
            request["ProjectionExpression"] = only
        if names:
            request["ExpressionAttributeNames"] = {f"#{alias}": name for alias, name in names.items()}
        found: list[Mapping[str, Any]] = []
        while True:
            answer = await client.query(**request)
            found += [from_item(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer or reads is not None or (limit is not None and len(found) >= limit):
                return found[:limit]
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    @staticmethod
    async def _write(method: Any, request: dict[str, Any], key: str) -> Any:
        try:
            return await method(**request)
        except ConditionFailed as found:
            raise ConditionFailed(f"{key}: {found}", from_item(found.item)) from found
