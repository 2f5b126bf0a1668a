"""botocore's errors as ours: the caller learns what to do."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ParamValidationError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from aiops_daemon.aws.errors import translate, translated
from aiops_daemon.model.errors import (
    AiopsError,
    ConditionFailed,
    ConfigurationError,
    GiveUp,
    InvalidInput,
    NotFound,
    NotPermitted,
    RetryLater,
    Throttled,
)


def answer(code: str, status: int = 400, **more: object) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}, "Op")


TABLE: list[tuple[Exception, type[AiopsError]]] = [
    (answer("ThrottlingException"), Throttled),
    (answer("Throttling"), Throttled),
    (answer("ProvisionedThroughputExceededException"), Throttled),
    (answer("TooManyRequestsException", 429), Throttled),
    (answer("RequestLimitExceeded", 503), Throttled),
    (answer("SlowDown", 503), Throttled),
    (answer("AccessDeniedException"), NotPermitted),
    (answer("AccessDenied", 403), NotPermitted),
    (answer("UnauthorizedOperation", 403), NotPermitted),
    (answer("KMS.AccessDeniedException"), NotPermitted),
    (answer("UnrecognizedClientException"), NotPermitted),
    (answer("ExpiredTokenException"), NotPermitted),
    (answer("InvalidInstanceID.NotFound"), NotFound),
    (answer("InvalidParameter.DoesNotExist"), NotFound),
    (answer("AWS.SimpleQueueService.NonExistentQueue"), NotFound),
    (answer("QueueDoesNotExist"), NotFound),
    (answer("ResourceNotFoundException"), NotFound),
    (answer("NoSuchEntity", 404), NotFound),
    (answer("DBInstanceNotFound", 404), NotFound),
    (answer("ValidationException"), InvalidInput),
    (answer("InvalidParameterValue"), InvalidInput),
    (answer("InvalidInputException"), InvalidInput),
    (answer("InternalServerError", 500), RetryLater),
    (answer("ServiceUnavailable", 503), RetryLater),
    (answer("RequestTimeout"), RetryLater),
    (answer("IncorrectInstanceState"), GiveUp),
    (answer("InvalidDBInstanceState"), GiveUp),
    (EndpointConnectionError(endpoint_url="http://x"), RetryLater),
    (ReadTimeoutError(endpoint_url="http://x"), RetryLater),
    (TimeoutError(), RetryLater),
    (OSError("broken pipe"), RetryLater),
    (ResponseParserError("invalid XML received"), RetryLater),
    (NoCredentialsError(), ConfigurationError),
    (ParamValidationError(report="Missing required parameter"), InvalidInput),
]


@pytest.mark.parametrize(("error", "kind"), TABLE, ids=[str(error)[:60] for error, _ in TABLE])
def test_each_error_becomes_what_the_caller_shall_do(error: Exception, kind: type[AiopsError]) -> None:
    ours = translate(error, "ec2 start_instances")
    assert type(ours) is kind
    assert str(ours).startswith("ec2 start_instances: ")


def test_a_failed_condition_carries_the_item_that_it_found() -> None:
    ours = translate(answer("ConditionalCheckFailedException", Item={"seq": {"N": "2"}}), "dynamodb update_item")
    assert isinstance(ours, ConditionFailed)
    assert ours.item == {"seq": {"N": "2"}}


def test_a_failed_condition_on_nothing_carries_an_empty_item() -> None:
    ours = translate(answer("ConditionalCheckFailedException"), "dynamodb put_item")
    assert isinstance(ours, ConditionFailed)
    assert ours.item == {}


def test_the_original_stays_as_the_cause_and_a_bug_stays_a_bug() -> None:
    with pytest.raises(NotPermitted) as caught, translated("sns publish"):
        raise answer("AccessDenied")
    assert isinstance(caught.value.__cause__, ClientError)
    with pytest.raises(KeyError), translated("sns publish"):
        raise KeyError("ours")


PAGE = "<html>\n<title>500</title>\n" + "<p>overloaded</p>\n" * 100


@pytest.mark.parametrize("error", [answer("500", 500, Error={"Code": "500", "Message": PAGE}), ResponseParserError(PAGE)])
def test_the_page_of_a_proxy_in_place_of_an_answer_is_tried_again_and_told_in_one_line(error: Exception) -> None:
    with pytest.raises(RetryLater) as caught, translated("sqs send_message"):
        raise error
    said = str(caught.value)
    assert "\n" not in said
    assert "<html> <title>500</title>" in said
    assert said.endswith(" [...]")
    assert len(said) < 700
