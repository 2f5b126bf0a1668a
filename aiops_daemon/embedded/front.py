"""The WSGI application in front of moto: what moto gets wrong and a recovery depends on.

- conditional writes are not atomic in moto (two winners in one of 20 to 200 rounds of 50): one lock around DynamoDB;
- a terminated instance cannot be started, stopped or rebooted (moto brings it back to life);
- CodeBuild builds run, keep their environment and their token (see codebuild.py);
- `/_embedded/...` lets the parent process check that the port is its own, count calls and start afresh.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any
from xml.sax.saxutils import escape

from moto.ec2.models import ec2_backends

from aiops_daemon.embedded import ACCOUNT
from aiops_daemon.embedded.codebuild import SERVED, CodeBuild
from aiops_daemon.embedded.requests import AwsRequest, read_request

_NEEDS_A_LIVING_INSTANCE = frozenset({"StartInstances", "StopInstances", "RebootInstances"})
_GONE = frozenset({"terminated", "shutting-down"})

StartResponse = Callable[..., Any]
WsgiApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Front:
    """One per server. Threads of the WSGI server call it at the same time."""

    def __init__(self, moto: WsgiApp, codebuild: CodeBuild, nonce: str) -> None:
        self._moto = moto
        self._codebuild = codebuild
        self._nonce = nonce
        self._dynamodb = Lock()
        self._calls: Counter[str] = Counter()
        self._counting = Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_embedded/"):
            return self._own(path, environ, start_response)
        if path.startswith("/moto-api"):
            return self._moto(environ, start_response)
        request = read_request(environ)
        with self._counting:
            self._calls[f"{request.service}:{request.operation}"] += 1
        if request.service == "dynamodb":
            with self._dynamodb:
                return list(self._moto(environ, start_response))
        if request.service == "codebuild" and request.operation in SERVED:
            status, answer = self._codebuild.serve(request)
            return _json(start_response, status, answer, "application/x-amz-json-1.1")
        if request.service == "ec2" and request.operation in _NEEDS_A_LIVING_INSTANCE:
            gone = _first_gone(request)
            if gone is not None:
                return _ec2_error(start_response, *gone)
        return self._moto(environ, start_response)

    def _own(self, path: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if path == "/_embedded/identity":
            return _json(start_response, 200, {"nonce": self._nonce})
        if path == "/_embedded/calls":
            with self._counting:
                return _json(start_response, 200, dict(self._calls))
        if path == "/_embedded/reset" and environ.get("REQUEST_METHOD") == "POST":
            self._codebuild.reset()
            with self._counting:
                self._calls.clear()
            environ["PATH_INFO"] = "/moto-api/reset"
            return self._moto(environ, start_response)
        return _json(start_response, 404, {"error": path})


def _first_gone(request: AwsRequest) -> tuple[str, str] | None:
    wanted = set(request.form_list("InstanceId"))
    for instance in ec2_backends[ACCOUNT][request.region].all_instances():
        if instance.id in wanted and instance.state in _GONE:
            return instance.id, instance.state
    return None


def _ec2_error(start_response: StartResponse, instance: str, state: str) -> Iterable[bytes]:
    message = f"The instance '{instance}' is not in a state from which it can be started, stopped or rebooted: {state}."
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>IncorrectInstanceState</Code>'
        f"<Message>{escape(message)}</Message></Error></Errors><RequestID>embedded</RequestID></Response>"
    )
    return _respond(start_response, 400, body.encode(), "text/xml")


def _json(start_response: StartResponse, status: int, answer: object, kind: str = "application/json") -> Iterable[bytes]:
    return _respond(start_response, status, json.dumps(answer).encode(), kind)


def _respond(start_response: StartResponse, status: int, body: bytes, kind: str) -> Iterable[bytes]:
    reason = {200: "OK", 400: "Bad Request", 404: "Not Found"}[status]
    start_response(f"{status} {reason}", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
