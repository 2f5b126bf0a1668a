"""moto with what a Terraform apply needs and moto lacks, as a child process on a free port of 127.0.0.1. For tests only.

Each rule below names what moto does without it (moto 5.2.5, AWS provider 5.100.0). First line of standard output: the port. It ends
when its standard input does. Start it with MOTO_IAM_LOAD_MANAGED_POLICIES=true: AWS managed policies are 404 without it.
"""

import io
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from moto.codebuild.models import codebuild_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.embedded import ACCOUNT
from aiops_daemon.embedded.codebuild import SERVED, CodeBuild
from aiops_daemon.embedded.requests import AwsRequest
from tests.deploy.building import Builds
from tests.deploy.conftest import Moto

HOST, REGION = "127.0.0.1", "us-east-1"
POLICIES = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")
SERVICE = ("availabilityZoneRebalancing", "capacityProviderStrategy", "enableECSManagedTags")
Start = Callable[..., Any]


class Shim:
    """In front of moto's WSGI application; threads call it at the same time."""

    def __init__(self, moto: Callable[[dict[str, Any], Start], Iterable[bytes]], builds: CodeBuild) -> None:
        self._moto = moto
        self._running = builds
        self._dynamodb = Lock()
        self._allow: dict[str, str] = {}  # queue URL -> redrive allow policy
        self._services: dict[str, dict[str, Any]] = {}  # ECS service -> what moto drops
        self._bucket_policies: dict[str, bytes] = {}
        self._builds: dict[str, dict[str, Any]] = {}  # CodeBuild project -> what moto drops

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        environ["wsgi.input"] = io.BytesIO(body)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        service, _, operation = target.rpartition(".")
        if service.startswith("DynamoDB"):
            with self._dynamodb:  # conditional writes are not atomic in moto
                return list(self._moto(environ, start))
        if environ.get("QUERY_STRING") in {"policy", "policy="}:
            return self._bucket_policy(environ, body, start)
        for part, answer in (("AmazonSQS", self._sqs), ("ContainerService", self._ecs), ("CodeBuild", self._codebuild)):
            if part in service:
                return answer(operation, json.loads(body or b"{}"), environ, start)
        if operation == "ListTagsForResource" and "AnyScale" in service:
            return _answer(start, {"Tags": {}})  # moto answers 500
        return self._moto(environ, start)

    def _bucket_policy(self, environ: dict[str, Any], body: bytes, start: Start) -> Iterable[bytes]:
        """moto enforces a bucket policy but not its conditions: a denial of plain HTTP would deny everything."""
        bucket = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] == "PUT":
            self._bucket_policies[bucket] = body
        elif environ["REQUEST_METHOD"] == "DELETE":
            self._bucket_policies.pop(bucket, None)
        elif bucket not in self._bucket_policies:
            missing = b"<Error><Code>NoSuchBucketPolicy</Code><Message>none</Message></Error>"
            return _raw(start, "404 Not Found", [("Content-Type", "application/xml")], missing)
        else:
            return _raw(start, "200 OK", [("Content-Type", "application/json")], self._bucket_policies[bucket])
        return _raw(start, "204 No Content", [], b"")

    def _sqs(self, operation: str, request: dict[str, Any], environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """moto pretty-prints policies (a permanent diff) and forgets the redrive allow policy (the provider waits for ever)."""
        url = request.get("QueueUrl", "")
        if operation == "SetQueueAttributes" and "RedriveAllowPolicy" in request.get("Attributes", {}):
            self._allow[url] = request["Attributes"].pop("RedriveAllowPolicy")
            if not self._allow[url]:  # an empty one removes it
                del self._allow[url]
            if not request["Attributes"]:
                return _answer(start, {})
            environ = _with_body(environ, request)
        if operation != "GetQueueAttributes":
            return self._moto(environ, start)
        if "RedriveAllowPolicy" in request.get("AttributeNames", []):
            return _answer(start, {"Attributes": {"RedriveAllowPolicy": self._allow[url]} if url in self._allow else {}})
        status, headers, answer = _call(self._moto, environ)
        if not status.startswith("200"):
            return _raw(start, status, headers, answer)
        attributes = json.loads(answer).get("Attributes", {})
        if url in self._allow and "All" in request.get("AttributeNames", []):
            attributes["RedriveAllowPolicy"] = self._allow[url]
        for name in POLICIES:
            if attributes.get(name):
                attributes[name] = json.dumps(json.loads(attributes[name]), separators=(",", ":"))
        return _answer(start, {"Attributes": attributes})

    def _ecs(self, operation: str, request: dict[str, Any], environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """moto forgets a service's capacity provider strategy (every plan would replace it) and its managed tags."""
        if operation in {"CreateService", "UpdateService"}:
            name = (request.get("serviceName") or request["service"]).rpartition("/")[2]
            self._services.setdefault(name, {}).update({key: request[key] for key in SERVICE if key in request})
        if operation not in {"CreateService", "UpdateService", "DescribeServices"}:
            return self._moto(environ, start)
        status, headers, answer = _call(self._moto, environ)
        if not status.startswith("200"):
            return _raw(start, status, headers, answer)
        found = json.loads(answer)
        for service in [*found.get("services", []), *([found["service"]] if "service" in found else [])]:
            kept = self._services.get(service["serviceName"], {})
            service.update(kept)
            if "capacityProviderStrategy" in kept:
                service.pop("launchType", None)
        return _answer(start, found)

    def _codebuild(self, operation: str, request: dict[str, Any], environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """moto drops concurrentBuildLimit and encryptionKey, and runs nothing."""
        if operation in SERVED:
            code, answered = self._running.serve(AwsRequest("codebuild", operation, REGION, json.dumps(request).encode()))
            return _answer(start, answered, "200 OK" if code == 200 else "400 Bad Request")
        if operation in {"CreateProject", "UpdateProject"}:
            self._builds[request["name"]] = {key: request[key] for key in ("concurrentBuildLimit", "encryptionKey") if key in request}
        if operation != "BatchGetProjects":
            return self._moto(environ, start)
        status, headers, answer = _call(self._moto, environ)
        found = json.loads(answer)
        for project in found.get("projects", []):
            project.update(self._builds.get(project["name"], {}))
        return _answer(start, found) if status.startswith("200") else _raw(start, status, headers, answer)


def _call(app: Callable[[dict[str, Any], Start], Iterable[bytes]], environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    kept: list[Any] = []
    body = b"".join(app(environ, lambda status, headers, *_: kept.extend((status, headers))))
    return kept[0], kept[1], body


def _with_body(environ: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(request).encode()
    return {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def _answer(start: Start, answer: dict[str, Any], status: str = "200 OK") -> Iterable[bytes]:
    return _raw(start, status, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(answer).encode())


def _raw(start: Start, status: str, headers: list[tuple[str, str]], body: bytes) -> Iterable[bytes]:
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    start(status, [*kept, ("Content-Length", str(len(body)))])
    return [body]


def main() -> None:
    """Serve until standard input is closed. The arguments: the folder that a build finds as its source."""
    environment: dict[str, str] = {}  # of builds; known once the port is
    projects = codebuild_backends[ACCOUNT][REGION].codebuild_projects
    codebuild = CodeBuild(SystemClock(), Builds(Path(sys.argv[1]), environment, projects))
    shim = Shim(DomainDispatcherApplication(create_backend_app), codebuild)
    server = make_server(HOST, 0, shim, threaded=True, request_handler=MotoRequestHandler)
    environment |= Moto(f"http://{HOST}:{server.port}").environment
    os.environ["MOTO_PORT"] = str(server.port)  # noqa: TID251  # moto calls itself by this name, and has no argument for it
    Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
