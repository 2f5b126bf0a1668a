"""What is dropped before it is read: calls that read, and nothing that anybody would look at."""

from typing import Any

import pytest

from aiops_daemon.analysts.calls_unusual import reads_only

READ: dict[str, Any] = {
    "eventVersion": "1.11", "eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances", "eventType": "AwsApiCall",
    "readOnly": True, "userIdentity": {"type": "IAMUser", "userName": "ann"},
}  # fmt: skip


def test_a_successful_read_is_dropped() -> None:
    assert reads_only(READ)


@pytest.mark.parametrize(
    "changed",
    [
        {"readOnly": False}, {"readOnly": None}, {"readOnly": "true"},
        {"errorCode": "Client.UnauthorizedOperation"}, {"errorMessage": "no"},
        {"eventType": "AwsServiceEvent"}, {"eventType": "AwsConsoleSignIn"},
        {"eventName": "GetPasswordData"}, {"eventName": ""},
        {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin"}, {"eventSource": ""},
        {"eventSource": "sts.amazonaws.com", "eventName": "GetFederationToken"},
    ],
)  # fmt: skip
def test_everything_else_is_read_to_its_end(changed: dict[str, Any]) -> None:
    assert not reads_only(READ | changed)


def test_a_message_that_is_no_call_is_read() -> None:
    assert not reads_only({"state": "stopped"})
