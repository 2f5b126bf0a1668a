"""The front: what is answered here, what goes on to moto, and how a request is read."""

import io
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import pytest
from moto.ec2.models import ec2_backends

from aiops_daemon.embedded import ACCOUNT
from aiops_daemon.embedded.codebuild import CodeBuild
from aiops_daemon.embedded.front import Front, StartResponse
from aiops_daemon.embedded.requests import read_request
from tests.doubles.scripted_aws import StoppedClock


class Moto:
    """Stands for moto: says which request reached it, and that its body could still be read."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        self.got.append((environ["PATH_INFO"], environ["wsgi.input"].read()))
        start_response("200 OK", [])
        return [b"moto"]


def request(service: str, body: bytes = b"", *, target: str = "", path: str = "/", method: str = "POST") -> dict[str, Any]:
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/x-amz-json-1.0" if target else "application/x-www-form-urlencoded; charset=utf-8" if body else "",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=embedded/20260301/eu-west-1/{service}/aws4_request, SignedHeaders=host",
        "wsgi.input": io.BytesIO(body),
    }
    return environ | ({"HTTP_X_AMZ_TARGET": target} if target else {})


class World:
    def __init__(self) -> None:
        self.moto = Moto()
        self.front = Front(self.moto, CodeBuild(StoppedClock(), lambda build: None), "nonce")
        self.status = ""

    def ask(self, environ: dict[str, Any]) -> bytes:
        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            self.status = status

        return b"".join(self.front(environ, start_response))


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("environ", "counted"),
    [
        (request("dynamodb", b"{}", target="DynamoDB_20120810.PutItem"), "dynamodb:PutItem"),
        (request("ec2", b"Action=DescribeInstances"), "ec2:DescribeInstances"),
        (request("ec2", b"Action=StartInstances&InstanceId.1=i-1"), "ec2:StartInstances"),
        (request("codebuild", b"{}", target="CodeBuild_20161006.CreateProject"), "codebuild:CreateProject"),
        (request("lambda", path="/2015-03-31/functions", method="GET"), "lambda:GET /2015-03-31/functions"),
    ],
)
def test_the_rest_goes_to_moto_with_its_body_and_is_counted(world: World, environ: dict[str, Any], counted: str) -> None:
    body = environ["wsgi.input"].getvalue()
    assert world.ask(environ) == b"moto"
    assert world.moto.got == [(environ["PATH_INFO"], body)]
    assert json.loads(world.ask({"PATH_INFO": "/_embedded/calls"})) == {counted: 1}


def test_codebuild_builds_are_served_here(world: World) -> None:
    answer = json.loads(world.ask(request("codebuild", b'{"projectName": "none"}', target="CodeBuild_20161006.StartBuild")))
    assert (world.status, answer["__type"]) == ("400 Bad Request", "ResourceNotFoundException")
    assert world.moto.got == []


@pytest.mark.parametrize("operation", ["StartInstances", "StopInstances", "RebootInstances"])
@pytest.mark.parametrize(("state", "refused"), [("terminated", True), ("shutting-down", True), ("stopped", False)])
def test_what_is_terminated_stays_terminated(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str, state: str, refused: bool
) -> None:
    class Instance:
        id = "i-2"

    Instance.state = state  # type: ignore[attr-defined]  # a stand-in for moto's class
    monkeypatch.setattr(ec2_backends[ACCOUNT]["eu-west-1"], "all_instances", lambda: [Instance])
    body = urlencode({"Action": operation, "InstanceId.1": "i-1", "InstanceId.2": "i-2"}).encode()
    answer = world.ask(request("ec2", body))
    assert (b"<Code>IncorrectInstanceState</Code>" in answer) is refused
    assert world.status.startswith("400" if refused else "200")


def test_the_parents_own_addresses(world: World) -> None:
    assert json.loads(world.ask({"PATH_INFO": "/_embedded/identity"})) == {"nonce": "nonce"}
    world.ask({"PATH_INFO": "/_embedded/other"})
    assert world.status == "404 Not Found"
    world.ask({"PATH_INFO": "/_embedded/reset", "REQUEST_METHOD": "GET"})
    assert world.status == "404 Not Found"
    world.ask(request("", path="/moto-api/data.json", method="GET"))
    world.ask(request("ec2", b"Action=DescribeInstances"))
    world.ask({"PATH_INFO": "/_embedded/reset", "REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO()})
    assert [path for path, _ in world.moto.got] == ["/moto-api/data.json", "/", "/moto-api/reset"]
    assert json.loads(world.ask({"PATH_INFO": "/_embedded/calls"})) == {}


def test_an_unsigned_request_has_no_service() -> None:
    read = read_request({"PATH_INFO": "/bucket", "REQUEST_METHOD": "GET"})
    assert (read.service, read.region, read.operation) == ("", "us-east-1", "GET /bucket")


def test_lists_of_the_query_protocol_keep_their_order() -> None:
    body = urlencode({f"InstanceId.{number}": f"i-{number}" for number in (10, 2, 1)}).encode()
    assert read_request(request("ec2", body)).form_list("InstanceId") == ["i-1", "i-2", "i-10"]
