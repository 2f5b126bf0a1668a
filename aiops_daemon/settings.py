"""All settings in one place, and the only reader of the environment.

`AIOPS_<GROUP>__<NAME>` sets one value (AIOPS_INTAKE__QUEUE_URL, AIOPS_WORKFLOW__LEASE_SECONDS ...). The names that users of the old
system know are accepted as they are. Secrets can come from AWS Secrets Manager (AIOPS_SECRETS_ID names one JSON secret with the same
names). An unknown AIOPS_ name is an error: a typo in a safety setting must not pass for its default.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    AWSSecretsManagerSettingsSource,
    AWSSystemsManagerSettingsSource,
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from aiops_daemon.actions import catalogue
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.analysts.settings import ModelSettings
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.errors import translated
from aiops_daemon.aws.session import AwsSettings
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.model.errors import AiopsError, ConfigurationError
from aiops_daemon.notifiers.settings import NotifierSettings
from aiops_daemon.policy.settings import PolicySettings
from aiops_daemon.telemetry.settings import TelemetrySettings
from aiops_daemon.workflow.settings import WorkflowSettings

PREFIX = "AIOPS_"
# Names of the old system (and two short ones) -> where they go.
PLAIN_NAMES: dict[str, tuple[str, str]] = {
    "COOLDOWN_MINUTES": ("policy", "cooldown_minutes"),
    "CONFIDENCE_THRESHOLD": ("policy", "confidence_threshold"),
    "LOG_GROUPS": ("logwatch", "groups"),
    "ANOMALY_THRESHOLD": ("logwatch", "anomaly_threshold"),
    "INCIDENT_TABLE": ("incidents", "table"),
    "SNS_TOPIC_ARN": ("notifiers", "sns_topic_arn"),
    "AIOPS_MODE": ("policy", "mode"),
    "AIOPS_KILL_SWITCH_PARAMETER": ("workflow", "kill_switch_parameter"),
}
# Read outside the groups -> what they mean.
OTHER_NAMES: dict[str, str] = {
    "AIOPS_SECRETS_ID": "name or ARN of one Secrets Manager secret: a JSON object of the names on this page",
    "AIOPS_PARAMETERS_PATH": "path of SSM parameters named PATH/group/name (/aiops/model/api_key), SecureStrings decrypted",
    "AIOPS_TERRAFORM_PLUGIN_DIR": "the demo's Terraform provider mirror, where it is not found by itself",
    "AIOPS_SHARED": "the tests' shared data",
}


class IncidentSettings(BaseModel):
    """Where incidents are kept."""

    model_config = ConfigDict(extra="forbid")

    table: str = Field("aiops-incidents", min_length=3, description="DynamoDB table of incidents, claims, budgets and switches.")


class Settings(BaseSettings):
    """Every group of settings; each is described beside what it sets."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, extra="forbid")

    aws: AwsSettings = Field(default_factory=AwsSettings)
    intake: IntakeSettings = Field(default_factory=IntakeSettings)
    policy: PolicySettings = Field(default_factory=PolicySettings)
    workflow: WorkflowSettings = Field(default_factory=WorkflowSettings)
    incidents: IncidentSettings = Field(default_factory=IncidentSettings)
    actions: ActionSettings = Field(default_factory=ActionSettings)
    model: ModelSettings = Field(default_factory=ModelSettings)
    notifiers: NotifierSettings = Field(default_factory=NotifierSettings)
    logwatch: LogWatchSettings = Field(default_factory=LogWatchSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the plain names, then the secret, then the parameters."""
        environment = os.environ  # noqa: TID251  # the only reader of the environment
        if isinstance(env_settings, EnvSettingsSource):
            env_settings.env_vars = _with_lists(env_settings.env_vars)
        plain = InitSettingsSource(settings_cls, init_kwargs=_plain(environment))
        return (init_settings, env_settings, plain, *_remote(settings_cls, environment))


def _remote(settings_cls: type[BaseSettings], environment: Mapping[str, str]) -> Iterator[PydanticBaseSettingsSource]:
    secret, path = environment.get("AIOPS_SECRETS_ID"), environment.get("AIOPS_PARAMETERS_PATH")
    region = environment.get("AIOPS_AWS__REGION") or None
    if secret:
        with _readable(f"AIOPS_SECRETS_ID={secret}"):
            source: EnvSettingsSource = AWSSecretsManagerSettingsSource(
                settings_cls, secret, region, case_sensitive=False, env_prefix=PREFIX, env_nested_delimiter="__"
            )
            _no_strays([name.upper() for name in source.env_vars])
            yield source
    if path:
        with _readable(f"AIOPS_PARAMETERS_PATH={path}"):
            source = AWSSystemsManagerSettingsSource(
                settings_cls, path, region, case_sensitive=False, env_prefix="", env_nested_delimiter="/"
            )
            _no_strays([PREFIX + name.upper().replace("/", "__") for name in source.env_vars])
            yield source


@contextmanager
def _readable(what: str) -> Iterator[None]:
    try:
        with translated("read"):
            yield
    except ConfigurationError:
        raise
    except (AiopsError, ValueError, AttributeError) as error:  # ValueError: no JSON, or a path without /; AttributeError: no object
        raise ConfigurationError(f"{what}: {error}") from error


def _no_strays(names: list[str]) -> None:
    """The environment holds other people's names as well; a secret of ours does not."""
    strays = stray_names(dict.fromkeys(names, "")) + [name for name in names if not name.startswith(PREFIX)]
    if strays:
        raise ConfigurationError(f"unknown setting(s): {', '.join(strays)}")


def _with_lists(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    """Lists of names may be written with commas. What has to be JSON and is none is told by its name, which pydantic would not."""
    written = dict(variables)
    for name, kind in _kinds():
        text = (variables.get(name.lower()) or "").strip()
        if not text or get_origin(kind) not in {tuple, list, dict}:
            continue
        if get_args(kind)[0] is str and get_origin(kind) is not dict and not text.startswith("["):
            written[name.lower()] = json.dumps(_names(text))
            continue
        _json(name, text)
    return written


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _kinds() -> Iterator[tuple[str, Any]]:
    """Every AIOPS_ name with the type of its field."""
    for group, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from ((f"{PREFIX}{group}__{key}".upper(), inner.annotation) for key, inner in kind.model_fields.items())


def _plain(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (group, key) in PLAIN_NAMES.items():
        text = environment.get(name, "")
        if text:
            value: Any = text
            if name == "LOG_GROUPS":
                value = _json(name, text) if text.lstrip().startswith("[") else _names(text)
            found.setdefault(group, {})[key] = value
    return found


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"{name}: not valid JSON ({error})") from None


def known_names() -> dict[str, tuple[str, Any]]:
    """AIOPS_ name -> (what it means, its default), for the reference and for finding strays."""
    names: dict[str, tuple[str, Any]] = {}
    for group, field in Settings.model_fields.items():
        kind = field.annotation
        assert isinstance(kind, type)  # noqa: S101  # every group is a model class
        assert issubclass(kind, BaseModel)  # noqa: S101  # as above
        for key, inner in kind.model_fields.items():
            default = inner.get_default(call_default_factory=True) if not inner.is_required() else "(required)"  # type: ignore[call-arg,unused-ignore]
            names[f"{PREFIX}{group}__{key}".upper()] = (inner.description or "", default)
    return names


def stray_names(environment: Mapping[str, str] | None = None) -> list[str]:
    """AIOPS_ variables that set nothing."""
    present = os.environ if environment is None else environment  # noqa: TID251  # the only reader of the environment
    known = known_names()
    accepted = {*known, *PLAIN_NAMES, *OTHER_NAMES}
    nested = tuple(name + "__" for name in known)
    groups = {f"{PREFIX}{group}".upper() for group in Settings.model_fields}
    return sorted(
        name
        for name in present
        if (upper := name.upper()).startswith(PREFIX) and upper not in accepted and upper not in groups and not upper.startswith(nested)
    )


def load(**overrides: Any) -> Settings:
    """The settings of this process; raises ConfigurationError with one line per problem."""
    strays = stray_names()
    if strays:
        raise ConfigurationError(f"unknown setting(s): {', '.join(strays)}; `aiops-daemon check --list` shows every name")
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        lines = [f"{_name_of(problem['loc'])}: {problem['msg']}" for problem in error.errors()]
        raise ConfigurationError("\n".join(lines)) from None  # its own text would print values, secrets among them
    except SettingsError as error:
        raise ConfigurationError(f"{error}: not valid JSON") from None
    known = [action.spec.id for action in catalogue(settings.actions, SystemClock())]
    if unknown := settings.policy.unknown_actions(known):
        names = "AIOPS_POLICY__AUTONOMY, AIOPS_POLICY__ALLOWED_ACTIONS"
        raise ConfigurationError(f"{names}: no such action: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return settings


def _name_of(place: tuple[int | str, ...]) -> str:
    """AIOPS_POLICY__AUTONOMY and where in it."""
    group, *rest = map(str, place)
    inside = "".join(f" [{part}]" for part in rest[1:])
    return PREFIX + "__".join([group, *rest[:1]]).upper() + inside


def use_environment(environment: Mapping[str, str]) -> None:
    """Point this process elsewhere (the demo's embedded AWS)."""
    os.environ.update(environment)  # noqa: TID251  # settings own the environment


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process."""
    return {**os.environ, **environment}  # noqa: TID251  # settings own the environment
