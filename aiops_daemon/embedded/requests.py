"""What the front has to know of a request before moto sees it: service, operation, region, body."""

import io
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

_SCOPE = re.compile(r"Credential=[^/,]+/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")


@dataclass(frozen=True)
class AwsRequest:
    """A signed AWS request, read once; the body is put back for moto."""

    service: str  # the signing name: ec2, dynamodb, codebuild ...
    operation: str  # StartInstances; "GET /path" for REST services
    region: str
    body: bytes

    def form_list(self, prefix: str) -> list[str]:
        """`InstanceId.1`, `InstanceId.2` ... of the query protocol (EC2, RDS, SNS), in order."""
        found = {name: values[0] for name, values in _form(self.body).items() if name.startswith(prefix + ".")}
        return [found[name] for name in sorted(found, key=lambda name: int(name.rpartition(".")[2]))]


def read_request(environ: dict[str, Any]) -> AwsRequest:
    """Take the request apart without consuming it."""
    body = _body(environ)
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    region, service = scope.groups() if scope else ("us-east-1", "")
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        operation = target.rpartition(".")[2]
    elif environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        operation = _form(body).get("Action", [""])[0]
    else:
        operation = f"{environ.get('REQUEST_METHOD', 'GET')} {environ.get('PATH_INFO', '/')}"
    return AwsRequest(service=service, operation=operation, region=region, body=body)


def _form(body: bytes) -> dict[str, list[str]]:
    return parse_qs(body.decode("utf-8", "replace"))


def _body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not length:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body
