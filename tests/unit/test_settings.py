"""Where settings come from, which names are taken, and what is said about those that are not."""

import json
from collections.abc import Iterator
from datetime import time
from typing import Any

import boto3  # noqa: TID251  # pydantic-settings' own sources use it; it is replaced here
import pytest
from botocore.exceptions import ClientError

from aiops_daemon.model.errors import ConfigurationError
from aiops_daemon.model.verdict import Autonomy
from aiops_daemon.policy.settings import Mode
from aiops_daemon.settings import PLAIN_NAMES, Settings, child_environment, known_names, load, use_environment


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Only what the test sets."""
    for name in [*(name for name in child_environment({}) if name.startswith("AIOPS_")), *PLAIN_NAMES]:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_without_any_variable_everything_has_its_default(clean: pytest.MonkeyPatch) -> None:
    settings = load()
    assert (settings.policy.mode, settings.policy.cooldown_minutes, settings.policy.confidence_threshold) == (Mode.ACT, 5, 0.8)
    assert settings.incidents.table == "aiops-incidents"
    assert settings.model.provider == "none"


@pytest.mark.parametrize(
    ("name", "text", "group", "key", "value"),
    [
        ("COOLDOWN_MINUTES", "7", "policy", "cooldown_minutes", 7),
        ("CONFIDENCE_THRESHOLD", "0.9", "policy", "confidence_threshold", 0.9),
        ("LOG_GROUPS", "/ecs/shop, /aws/lambda/*,", "logwatch", "groups", ("/ecs/shop", "/aws/lambda/*")),
        ("INCIDENT_TABLE", "ours", "incidents", "table", "ours"),
        ("SNS_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:t", "notifiers", "sns_topic_arn", "arn:aws:sns:us-east-1:123456789012:t"),
        ("ANOMALY_THRESHOLD", "4", "logwatch", "anomaly_threshold", 4),
        ("AIOPS_MODE", "observe", "policy", "mode", Mode.OBSERVE),
    ],
)
def test_the_names_of_the_old_system_are_accepted_as_they_are(
    clean: pytest.MonkeyPatch, name: str, text: str, group: str, key: str, value: object
) -> None:
    clean.setenv(name, text)
    assert getattr(getattr(load(), group), key) == value


def test_our_own_name_wins_over_the_old_one_and_both_may_fill_one_group(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("COOLDOWN_MINUTES", "7")
    clean.setenv("CONFIDENCE_THRESHOLD", "0.9")
    clean.setenv("AIOPS_POLICY__COOLDOWN_MINUTES", "8")
    assert (load().policy.cooldown_minutes, load().policy.confidence_threshold) == (8, 0.9)


def test_nested_values_come_as_json(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("AIOPS_POLICY__AUTONOMY", '{"ec2.start": "approve"}')
    clean.setenv("AIOPS_POLICY__MAINTENANCE_WINDOWS", '[{"start": "22:00", "end": "23:00"}]')
    policy = load().policy
    assert policy.autonomy == {"ec2.start": Autonomy.APPROVE}
    assert policy.maintenance_windows[0].start == time(22)


def test_one_entry_of_a_mapping_can_be_set_by_itself(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("AIOPS_ACTIONS__TERRAFORM_TARGETS__i-1", "aws_instance.web")
    assert load().actions.terraform_targets == {"i-1": "aws_instance.web"}


def test_an_empty_variable_is_an_unset_one(clean: pytest.MonkeyPatch) -> None:
    for name in ("SNS_TOPIC_ARN", "AIOPS_NOTIFIERS__SNS_TOPIC_ARN", "AIOPS_POLICY__CONFIDENCE_THRESHOLD", "AIOPS_SECRETS_ID"):
        clean.setenv(name, "")
    assert load().notifiers.sns_topic_arn is None


@pytest.mark.parametrize("name", ["AIOPS_POLICY__CONFIDENCE_TRESHOLD", "AIOPS_COOLDOWN", "AIOPS_POLICE__MODE", "aiops_policy__mod"])
def test_an_unknown_name_is_an_error_and_not_a_default(clean: pytest.MonkeyPatch, name: str) -> None:
    clean.setenv(name, "0.99")
    with pytest.raises(ConfigurationError, match=name):
        load()


def test_an_unknown_name_inside_a_json_group_is_an_error(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("AIOPS_POLICY", '{"treshold": 1}')
    with pytest.raises(ConfigurationError, match="AIOPS_POLICY__TRESHOLD"):
        load()


def test_each_problem_is_one_line_that_names_the_variable(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("CONFIDENCE_THRESHOLD", "95")
    clean.setenv("AIOPS_POLICY__MODE", "yolo")
    clean.setenv("AIOPS_POLICY__AUTONOMY", '{"ec2.start": "sometimes"}')
    with pytest.raises(ConfigurationError) as caught:
        load()
    lines = str(caught.value).splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == [
        "AIOPS_POLICY__AUTONOMY [ec2.start]", "AIOPS_POLICY__CONFIDENCE_THRESHOLD", "AIOPS_POLICY__MODE",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "unknown"),
    [
        ("AIOPS_POLICY__AUTONOMY", '{"ec2.stat": "observe"}', "ec2.stat"),
        ("AIOPS_POLICY__AUTONOMY", '{"ec2.strat@ec2:instance": "observe", "ec2.*@ec2:*": "auto"}', "ec2.strat"),
        ("AIOPS_POLICY__ALLOWED_ACTIONS", "ec2.start,rds.strat", "rds.strat"),
    ],
)
def test_an_action_that_nobody_has_stops_the_start(clean: pytest.MonkeyPatch, name: str, value: str, unknown: str) -> None:
    clean.setenv(name, value)
    with pytest.raises(ConfigurationError, match=rf"{name}.*: no such action: {unknown}; there are .*ec2\.start"):
        load()


def test_an_action_may_be_named_by_a_pattern(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("AIOPS_POLICY__AUTONOMY", '{"ec2.*@ec2:instance": "auto", "rds.start": "approve"}')
    assert load().policy.autonomy["rds.start"] == "approve"


def test_an_address_that_is_none_is_told_at_the_start_and_not_shown(clean: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_WEBHOOK_URL", "TEAMS_WEBHOOK_URL", "WEBHOOK_URL"):
        clean.setenv(f"AIOPS_NOTIFIERS__{name}", "hooks.example.com/T0/secret")
        with pytest.raises(ConfigurationError, match=f"AIOPS_NOTIFIERS__{name}: .* has to begin with https") as caught:
            load()
        assert "T0" not in str(caught.value)
        clean.delenv(f"AIOPS_NOTIFIERS__{name}")


def test_broken_json_is_a_configuration_error_that_names_the_group(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("AIOPS_POLICY", "{")
    with pytest.raises(ConfigurationError, match="policy"):
        load()


def test_a_wrong_secret_does_not_show_in_the_message(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("AIOPS_NOTIFIERS__SLACK_BOT_TOKEN", "xoxb-very-secret")
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert "slack_channel" in str(caught.value)
    assert "very-secret" not in str(caught.value)
    assert caught.value.__cause__ is None


class StubStore:
    """Both AWS services that keep settings, as far as pydantic-settings asks them."""

    def __init__(self, secret: str | Exception | None = None, parameters: dict[str, str] | None = None) -> None:
        self.secret, self.parameters = secret, parameters or {}
        self.asked: list[object] = []

    def __call__(self, service: str, **where: Any) -> "StubStore":
        self.asked.append((service, where.get("region_name")))
        return self

    def get_secret_value(self, **request: str) -> dict[str, str]:
        self.asked.append(request)
        if isinstance(self.secret, Exception):
            raise self.secret
        return {"SecretString": self.secret or "{}"}

    def get_paginator(self, _: str) -> "StubStore":
        return self

    def paginate(self, **request: object) -> Iterator[dict[str, list[dict[str, str]]]]:
        self.asked.append(request)
        for name, value in self.parameters.items():
            yield {"Parameters": [{"Name": name, "Value": value}]}


def test_a_secret_fills_what_the_environment_leaves_open(clean: pytest.MonkeyPatch) -> None:
    secret = {"AIOPS_MODEL__API_KEY": "k-1", "AIOPS_NOTIFIERS__PAGERDUTY_ROUTING_KEY": "p-1", "AIOPS_MODEL__NAME": "from-secret"}
    store = StubStore(json.dumps(secret))
    clean.setattr(boto3, "client", store)
    clean.setenv("AIOPS_SECRETS_ID", "aiops/settings")
    clean.setenv("AIOPS_AWS__REGION", "eu-west-1")
    clean.setenv("AIOPS_MODEL__NAME", "from-environment")
    settings = load()
    assert settings.model.api_key is not None
    assert settings.notifiers.pagerduty_routing_key is not None
    assert (settings.model.api_key.get_secret_value(), settings.model.name) == ("k-1", "from-environment")
    assert settings.notifiers.pagerduty_routing_key.get_secret_value() == "p-1"
    assert store.asked == [("secretsmanager", "eu-west-1"), {"SecretId": "aiops/settings"}]
    assert "k-1" not in repr(settings)


def test_parameters_under_a_path_fill_what_is_left(clean: pytest.MonkeyPatch) -> None:
    store = StubStore(parameters={"/aiops/prod/model/api_key": "k-2", "/aiops/prod/notifiers/webhook_secret": "w"})
    clean.setattr(boto3, "client", store)
    clean.setenv("AIOPS_PARAMETERS_PATH", "/aiops/prod")
    settings = load()
    assert settings.model.api_key is not None
    assert settings.model.api_key.get_secret_value() == "k-2"
    assert store.asked[1] == {"Path": "/aiops/prod", "Recursive": True, "WithDecryption": True}


DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue")


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (DENIED, "AccessDenied"),
        ("not json", "AIOPS_SECRETS_ID=s"),
        ("[1]", "AIOPS_SECRETS_ID=s"),
        ('{"AIOPS_POLICY__CONFIDENCE_TRESHOLD": "1"}', "AIOPS_POLICY__CONFIDENCE_TRESHOLD"),
        ('{"api_key": "k"}', "API_KEY"),
    ],
)
def test_a_secret_that_cannot_be_used_stops_the_start_and_says_why(clean: pytest.MonkeyPatch, secret: str | Exception, said: str) -> None:
    clean.setattr(boto3, "client", StubStore(secret))
    clean.setenv("AIOPS_SECRETS_ID", "s")
    with pytest.raises(ConfigurationError, match=said):
        load()


@pytest.mark.parametrize(("path", "name"), [("/aiops", "/aiops/model/apikey"), ("aiops", "/aiops/model/api_key")])
def test_parameters_that_cannot_be_used_stop_the_start(clean: pytest.MonkeyPatch, path: str, name: str) -> None:
    clean.setattr(boto3, "client", StubStore(parameters={name: "x"}))
    clean.setenv("AIOPS_PARAMETERS_PATH", path)
    with pytest.raises(ConfigurationError):
        load()


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, (meaning, _) in known_names().items() if not meaning] == []


def test_every_group_refuses_unknown_keys() -> None:
    kinds = [field.annotation for field in Settings.model_fields.values()]
    assert [kind for kind in kinds if kind is None or kind.model_config.get("extra") != "forbid"] == []


def test_the_demo_can_point_this_process_and_its_children_elsewhere(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("COOLDOWN_MINUTES", "1")
    use_environment({"COOLDOWN_MINUTES": "2"})
    assert load().policy.cooldown_minutes == 2
    assert child_environment({"COOLDOWN_MINUTES": "3"})["COOLDOWN_MINUTES"] == "3"


@pytest.mark.parametrize(
    ("name", "text", "group", "key", "expected"),
    [
        ("AIOPS_POLICY__GUARDED", "ssm:parameter#/prod/*, s3:bucket#a", "policy", "guarded", ("ssm:parameter#/prod/*", "s3:bucket#a")),
        ("AIOPS_LOGWATCH__GROUPS", "/a", "logwatch", "groups", ("/a",)),
        ("AIOPS_LOGWATCH__GROUPS", '["/a,b"]', "logwatch", "groups", ("/a,b",)),
        ("LOG_GROUPS", '["/a", "/b"]', "logwatch", "groups", ("/a", "/b")),
    ],
)
def test_a_list_of_names_is_written_with_commas_or_as_json(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, group: str, key: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.setenv(name, text)
    assert getattr(getattr(load(), group), key) == expected


@pytest.mark.parametrize(
    ("name", "text"), [("AIOPS_POLICY__AUTONOMY", "{bad"), ("AIOPS_POLICY__MAINTENANCE_WINDOWS", "sunday"), ("LOG_GROUPS", '["/a"')]
)
def test_what_has_to_be_json_and_is_none_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(ConfigurationError, match=f"^{name}: not valid JSON"):
        load()
