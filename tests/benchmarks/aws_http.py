"""SQS, DynamoDB, SNS, EC2 and STS over HTTP on one port, in memory: `python -m tests.benchmarks.aws_http [--latency-ms 5]`.

Only what a recovery calls. Every answer comes `latency` later and no call waits for another, so that what is measured is the client.
Prints its address as the first line and serves until its standard input is closed.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.table import from_attribute, from_item, to_attribute
from aiops_daemon.model.errors import ConditionFailed
from tests.benchmarks.fast_table import FastTable
from tests.doubles.sqs_double import SqsDouble, SqsError

Request = dict[str, Any]
EC2 = "http://ec2.amazonaws.com/doc/2016-11-15/"


class Cloud:
    """The state behind the front; `control` is the benchmark's own door (reset, seed, read)."""

    def __init__(self) -> None:
        self.sqs = SqsDouble(lambda: SystemClock().now().timestamp())
        self.tables: dict[str, FastTable] = defaultdict(FastTable)
        self.running: set[str] = set()
        self.published = 0
        self.calls: Counter[str] = Counter()

    async def dynamo(self, operation: str, request: Request) -> Request:
        self.calls[operation] += 1
        table = self.tables[request["TableName"]]
        values = {name[1:]: from_attribute(value) for name, value in request.get("ExpressionAttributeValues", {}).items()}
        names = {alias[1:]: name for alias, name in request.get("ExpressionAttributeNames", {}).items()}
        match operation:
            case "GetItem":
                item = table.items.get(request["Key"]["incident_id"]["S"])
                return {"Item": _wire(item)} if item else {}
            case "PutItem":
                await table.put(from_item(request["Item"]), request.get("ConditionExpression"), values)
                return {}
            case "UpdateItem":
                key, condition = request["Key"]["incident_id"]["S"], request["ConditionExpression"]
                return {"Attributes": _wire(await table.update(key, request["UpdateExpression"], condition, values, names))}
            case "Query":
                most, filter_by = request.get("Limit"), request.get("FilterExpression")
                found = await table.query(
                    request["IndexName"], request["KeyConditionExpression"], values, filter_by=filter_by, names=names,
                    newest_first=request["ScanIndexForward"] is False, limit=None if filter_by else most, reads=most,
                    only=request.get("ProjectionExpression"),
                )  # fmt: skip
                return {"Items": [_wire(item) for item in found], "Count": len(found)}
            case _:
                raise AssertionError(f"the double has no {operation}")

    def query_protocol(self, request: Mapping[str, str]) -> str:
        action = request["Action"]
        self.calls[action] += 1
        instance = request.get("InstanceId.1", "")
        match action:
            case "Publish":
                self.published += 1
                return _xml(action, f"<PublishResult><MessageId>m-{self.published}</MessageId></PublishResult>")
            case "GetCallerIdentity":
                arn = "arn:aws:iam::111122223333:user/bench"
                return _xml(
                    action,
                    f"<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>U</UserId><Account>111122223333</Account></GetCallerIdentityResult>",
                )
            case "DescribeInstances":
                return _xml(action, f"<reservationSet>{self._instance(instance)}</reservationSet>", EC2)
            case "StartInstances":
                self.running.add(instance)
                return _xml(action, f"<instancesSet><item><instanceId>{instance}</instanceId></item></instancesSet>", EC2)
            case "DescribeInstanceStatus":
                return _xml(action, "<instanceStatusSet></instanceStatusSet>", EC2)
            case _:
                raise AssertionError(f"the double has no {action}")

    def _instance(self, instance: str) -> str:
        if not instance:  # a look by tags: nothing runs in anybody's place
            return ""
        code, name = (16, "running") if instance in self.running else (80, "stopped")
        state = f"<instanceState><code>{code}</code><name>{name}</name></instanceState>"
        item = f"<item><instanceId>{instance}</instanceId>{state}<launchTime>2026-03-01T00:00:00.000Z</launchTime></item>"
        return f"<item><reservationId>r-1</reservationId><instancesSet>{item}</instancesSet></item>"

    async def control(self, operation: str, request: Request) -> Request:
        """`reset` empties the world, `seed` multiplies an item, `items` reads attributes of incidents, `calls` the counts."""
        match operation:
            case "reset":
                self.tables.clear()
                self.running.clear()
                self.calls.clear()
            case "seed":
                for number in range(request["copies"]):
                    item = deepcopy(request["item"]) | {"incident_id": f"inc-{number:020d}"}
                    await self.tables[request["table"]].put(item)
            case "items":
                wanted = [item for key, item in self.tables[request["table"]].items.items() if key.startswith("inc-")]
                return {"items": [{name: item.get(name) for name in request["names"]} for item in wanted]}
            case "calls":
                return {"calls": dict(self.calls + self.sqs.calls)}
            case _:
                raise AssertionError(f"no {operation}")
        return {}


class AwsHttp:
    """An async context manager."""

    def __init__(self, cloud: Cloud, latency_seconds: float = 0.0) -> None:
        self.cloud = cloud
        self._latency = latency_seconds
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.cloud.sqs.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return self.cloud.sqs.base_url

    async def _serve(self, request: web.BaseRequest) -> web.Response:
        body = await request.content.read()
        service, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
        if self._latency and service != "Control":
            await asyncio.sleep(self._latency)
        match service:
            case "AmazonSQS":
                return await self._sqs(operation, json.loads(body or b"{}"))
            case "DynamoDB_20120810":
                return await self._dynamo(operation, json.loads(body))
            case "Control":
                return web.json_response(await self.cloud.control(operation, json.loads(body or b"{}")))
            case _:
                return web.Response(text=self.cloud.query_protocol(dict(parse_qsl(body.decode()))), content_type="text/xml")

    async def _dynamo(self, operation: str, request: Request) -> web.Response:
        try:
            return _json(await self.cloud.dynamo(operation, request))
        except ConditionFailed as failed:
            kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
            return _json({"__type": kind, "message": "The conditional request failed", "Item": _wire(failed.item)}, 400)

    async def _sqs(self, operation: str, request: Request) -> web.Response:
        try:
            return _json(await self.cloud.sqs.call(operation, request))
        except SqsError as error:
            kind = error.code.rpartition(".")[2].replace("NonExistentQueue", "QueueDoesNotExist")
            return _json({"__type": f"com.amazonaws.sqs#{kind}", "message": str(error)}, 400)


def _json(answer: Request, status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(answer).encode(), status=status, content_type="application/x-amz-json-1.0")


def _xml(action: str, inner: str, namespace: str = "https://amazonaws.com/doc/") -> str:
    return f'<{action}Response xmlns="{namespace}">{inner}<requestId>r</requestId></{action}Response>'


def _wire(item: Mapping[str, Any]) -> Request:
    return {name: to_attribute(value) for name, value in item.items()}


async def _main(arguments: argparse.Namespace) -> None:
    async with AwsHttp(Cloud(), arguments.latency_ms / 1000) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    asyncio.run(_main(parser.parse_args()))
