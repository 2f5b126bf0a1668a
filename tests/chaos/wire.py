"""Which service a request is for, and how each of them says that it is throttled or that it refuses."""

import json
from urllib.parse import parse_qsl

from aiohttp import web

from tests.chaos.estate import Refused

JSON = ("AmazonSQS", "DynamoDB_20120810", "AmazonSSM", "AmazonEC2ContainerServiceV20141113", "CodeBuild_20161006", "Logs_20140328")
SERVICES = (*JSON, "ec2", "rds", "sns", "s3")
_THROTTLED = {
    "AmazonSQS": "com.amazon.coral.availability#ThrottlingException",
    "DynamoDB_20120810": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
}
_QUERY = {"Publish": "sns", "GetCallerIdentity": "sts", "PutMetricData": "cloudwatch"}


def called(request: web.BaseRequest, body: bytes) -> tuple[str, str]:
    """Service and operation."""
    target, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
    if target:
        return target, operation
    if request.method == "GET":
        return "s3", "GetObject"
    asked = dict(parse_qsl(body.decode()))
    action = asked.get("Action", "")
    return _QUERY.get(action, "rds" if "DBInstanceIdentifier" in asked else "ec2"), action


def throttled(service: str) -> web.Response:
    if service in JSON:
        return _json_error(_THROTTLED.get(service, "ThrottlingException"), "Rate exceeded")
    if service == "s3":
        return web.Response(status=503, text="<Error><Code>SlowDown</Code><Message>Slow</Message></Error>", content_type="application/xml")
    if service == "ec2":
        error = "<Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error>"
        return web.Response(
            status=503, text=f"<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>", content_type="text/xml"
        )
    return _query_error("Throttling", "Rate exceeded")


def refusal(service: str, refused: Refused) -> web.Response:
    if service in JSON:
        return _json_error(refused.code, str(refused))
    return _query_error(refused.code, str(refused))


def _query_error(code: str, message: str) -> web.Response:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return web.Response(status=400, text=f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>", content_type="text/xml")


def _json_error(kind: str, message: str) -> web.Response:
    text = json.dumps({"__type": kind, "message": message})
    return web.Response(status=400, text=text, content_type="application/x-amz-json-1.0")
