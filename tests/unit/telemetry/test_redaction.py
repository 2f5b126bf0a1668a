import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.telemetry.redaction import MAX_CHARS, RULES, redact, redacted

BASE64 = "abcdefgh01234567" * 6
# Each has exactly one secret, between « and ».
SECRETS = [
    "«-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----» and more",
    "«-----BEGIN PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA»",
    "key AKIA«QWERTYUIOPAS»DFGH was used by arn:aws:iam::111122223333:user/eve",
    f"x-session «IQoJb3JpZ2luX2VjE{BASE64}»",
    "GET /b/k?X-Amz-Date=20260101&X-Amz-Signature=«0123456789abcdef0123456789abcdef»&x=1",
    "https://prod.westeurope.logic.azure.com/workflows/1/run?sp=a&sig=«Zm9vYmFyYmF6cXV4»",
    "id «eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJlbmdpbmVlciJ9.c2lnbmF0dXJl» ok",
    "Authorization: Bearer «AbCdEf0123456789.xyz»",
    "authorization: basic «dXNlcjpwYXNzd29yZA==»",
    "Set-Cookie: «session=8f14e45fceea167a; Path=/»",
    "connecting to postgresql://app:«s3cr3t!»@db.internal:5432/orders",
    "token is «xoxb-123456789012-abcdefghij»",
    "posted to https://hooks.slack.com/services/«T000/B000/abcdefghijkl»",
    "cloned with «ghp_abcdefghijklmnopqrstuvwxyz0123456789»",
    "openai said no to «sk-proj-abcdefghijklmnop1234»",
    "charged through «sk_live_abcdefghijklmnop»",
    "published with «pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDA»",
    "vault answered «hvs.CAESIJabcdefghijklmnopqrst»",
    "mysqldump --password «hunter2» orders",
    "password=«hunter2»",
    "DB_PASSWORD: '«two words»'",
    '{"masterUserPassword":"«p,w}»","engine":"mysql"}',
    r'{"body":"{\"client_secret\":\"«abc def»\",\"n\":1}"}',
    "aws_secret_access_key = «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»",
    "Server=db;AccountKey=«abc»;Timeout=5",
    "x-api-key: «abc»",
    "routing_key=«0123456789abcdef»",
    "passphrase => «open»",
]
INNOCENT = [
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-abc was rotated",
    "token = arn:aws:secretsmanager:eu-west-1:111122223333:secret:x",
    "nextToken=abc clientRequestToken=xyz Idempotency-Token: t-1",
    "password: ${DB_PASSWORD} secret={{resolve:ssm:/a}} token=***",
    "password=null, the password: required",
    "masterUserPassword=HIDDEN_DUE_TO_SECURITY_REASONS",
    "partitionKey=5 tokens: 512 max_token=100",
    "basic authentication is on; the bearer of this message",
    "user https://example.com/a:b and s3://bucket/key",
    "password=",
    "StopInstances by arn:aws:iam::111122223333:user/eve from 203.0.113.9",
    "",
]


@pytest.mark.parametrize("marked", SECRETS)
def test_the_secret_goes_and_the_rest_stays(marked: str) -> None:
    before, secret, after = re.split("[«»]", marked)
    clean = redact(before + secret + after)
    assert secret not in clean
    assert clean.startswith(before)
    assert clean.endswith(after)
    assert "[redacted" in clean


@pytest.mark.parametrize("text", INNOCENT)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_every_rule_has_a_sample() -> None:
    masks = {mask for marked in SECRETS for mask in re.findall(r"\[redacted ([\w-]+)", redact(re.sub("[«»]", "", marked)))}
    assert {rule.kind for rule in RULES} <= masks


@given(st.text(alphabet=st.sampled_from(list("abz=: \"'\\{}pwd\nAKIA-")), max_size=200))
def test_redacting_again_changes_nothing(text: str) -> None:
    once = redact("password=" + text)
    assert redact(once) == once


@pytest.mark.parametrize(
    "part", ["-----BEGIN PRIVATE KEY-----", "password=", "://a:", 'pwd="\\"', "cookie=", "eyJaaaaaaaa.", "FwoG", "Bearer a", "?sig="]
)
@pytest.mark.timeout(10)  # a quadratic pattern takes minutes
def test_no_text_stalls_it(part: str) -> None:
    assert len(redact(part * (500_000 // len(part)))) <= 2_000_000


def test_what_is_too_long_is_cut() -> None:
    assert redact("x" * (MAX_CHARS + 1)).endswith("x [cut]")


def test_nested_values_by_content_and_by_name() -> None:
    value = {
        "password": "hunter2",
        "userSecret": "abc",
        "nextToken": "page-2",
        "token": 7,
        "list": ["password=x", ("AKIAQWERTYUIOPASDFGH",), 1, None],
    }
    assert redacted(value) == {
        "password": "[redacted]",
        "userSecret": "[redacted]",
        "nextToken": "page-2",
        "token": 7,
        "list": ["password=[redacted]", ["AKIA[redacted aws-key-id]DFGH"], 1, None],
    }


def test_depth_is_bounded() -> None:
    deep: object = {"password": "hunter2"}
    for _ in range(3000):
        deep = {"a": deep, "n": 1}
    assert "hunter2" not in repr(redacted(deep))
    assert redacted({"n": 1, "f": {}}, depth=1) == {"n": 1, "f": "[too deep]"}
