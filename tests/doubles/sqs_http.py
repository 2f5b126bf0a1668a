"""The SQS double over HTTP, in SQS's JSON protocol: `python -m tests.doubles.sqs_http [--port 0] [--latency-ms 5] [--queue NAME]`.

Prints its address as the first line and serves until its standard input is closed, so that it dies with whoever started it.
"""

import argparse
import asyncio
import json
import sys
from typing import Self

from aiohttp import web

from aiops_daemon.aws.clock import SystemClock
from tests.doubles.sqs_double import SqsDouble, SqsError

TARGET = "AmazonSQS."


class SqsHttp:
    """An async context manager. `latency_seconds` is added to each answer."""

    def __init__(self, double: SqsDouble, latency_seconds: float = 0.0, port: int = 0) -> None:
        self.double = double
        self._latency = latency_seconds
        self._port = port
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.double.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return self.double.base_url

    async def _serve(self, request: web.BaseRequest) -> web.Response:
        operation = request.headers.get("X-Amz-Target", "").removeprefix(TARGET)
        body = await request.content.read()  # request.read() refuses more than 1 MiB, and JSON escapes make a body longer
        if self._latency:
            await asyncio.sleep(self._latency)
        try:
            answer = await self.double.call(operation, json.loads(body or b"{}"))
        except SqsError as error:
            kind = error.code.rpartition(".")[2].replace("NonExistentQueue", "QueueDoesNotExist")
            return web.json_response(
                {"__type": f"com.amazonaws.sqs#{kind}", "message": str(error)},
                status=400,
                content_type="application/x-amz-json-1.0",
                headers={"x-amzn-query-error": f"{error.code};Sender"},
            )
        return web.Response(body=json.dumps(answer).encode(), content_type="application/x-amz-json-1.0")


async def _main(arguments: argparse.Namespace) -> None:
    double = SqsDouble(lambda: SystemClock().now().timestamp())
    for name in arguments.queue:
        await double.call("CreateQueue", {"QueueName": name})
    async with SqsHttp(double, arguments.latency_ms / 1000, arguments.port) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--queue", action="append", default=[])
    asyncio.run(_main(parser.parse_args()))
