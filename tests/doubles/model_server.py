"""A small HTTP server that speaks Bedrock Converse and OpenAI's chat completions, and answers from a script."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

GOOD: dict[str, Any] = {
    "classification": "FAILURE",
    "confidence": 0.9,
    "severity": 7,
    "reasoning": "A user stopped a production instance.",
    "affected_services": ["shop"],
    "estimated_downtime_minutes": 5,
    "action_id": "ec2.start",
}


@dataclass(frozen=True)
class Refuse:
    """An error as the provider sends it."""

    status: int
    code: str


@dataclass
class ModelServer:
    """`script`: tool inputs, Refuse, text (no tool use) or None (never answers); the last is given again. An async context manager."""

    script: list[dict[str, Any] | Refuse | str | None]
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def __aenter__(self) -> Self:
        self._hang = asyncio.Event()
        app = web.Application()
        app.add_routes([web.post("/model/{model}/converse", self._converse), web.post("/v1/chat/completions", self._chat)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._hang.set()
        await self._runner.cleanup()

    @property
    def prompts(self) -> list[str]:
        """Everything that was said to the model, one text a request."""
        return [json.dumps(request) for request in self.asked]

    async def _next(self, request: web.Request) -> dict[str, Any] | Refuse | str:
        self.asked.append(await request.json())
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if answer is None:
            await self._hang.wait()
            return "too late"
        return answer

    async def _converse(self, request: web.Request) -> web.Response:
        answer = await self._next(request)
        if isinstance(answer, Refuse):
            return web.json_response({"message": answer.code}, status=answer.status, headers={"x-amzn-ErrorType": answer.code})
        content: dict[str, Any] = {"text": answer} if isinstance(answer, str) else {}
        if isinstance(answer, dict):
            content = {"toolUse": {"toolUseId": f"t{len(self.asked)}", "name": "final_result", "input": answer}}
        return web.json_response(
            {
                "output": {"message": {"role": "assistant", "content": [content]}},
                "stopReason": "tool_use" if isinstance(answer, dict) else "end_turn",
                "usage": {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100},
                "metrics": {"latencyMs": 1},
            }
        )

    async def _chat(self, request: web.Request) -> web.Response:
        answer = await self._next(request)
        if isinstance(answer, Refuse):
            return web.json_response({"error": {"message": answer.code, "code": answer.code}}, status=answer.status)
        message: dict[str, Any] = {"role": "assistant", "content": answer if isinstance(answer, str) else None}
        if isinstance(answer, dict):
            function = {"name": "final_result", "arguments": json.dumps(answer)}
            message["tool_calls"] = [{"id": f"t{len(self.asked)}", "type": "function", "function": function}]
        return web.json_response(
            {
                "id": "c1", "object": "chat.completion", "created": 1, "model": "local",
                "choices": [{"index": 0, "finish_reason": "tool_calls" if isinstance(answer, dict) else "stop", "message": message}],
                "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
            }
        )  # fmt: skip
