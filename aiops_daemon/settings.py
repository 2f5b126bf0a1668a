"""All settings in one place, and the only reader of the environment.

`AIOPS_<GROUP>__<NAME>` sets one value (AIOPS_INTAKE__QUEUE_URL, AIOPS_WORKFLOW__LEASE_SECONDS ...). The names that users of the old
system know are accepted as they are. Secrets can come from AWS Secrets Manager (AIOPS_SECRETS_ID names one JSON secret with the same
names). An unknown AIOPS_ name is an error: a typo in a safety setting must not pass for its default.
"""

import os
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    AWSSecretsManagerSettingsSource,
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.analysts.settings import ModelSettings
from aiops_daemon.aws.session import AwsSettings
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.model.errors import ConfigurationError
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
}
OTHER_NAMES = frozenset({"AIOPS_SECRETS_ID", "AIOPS_SHARED", "AIOPS_TERRAFORM_PLUGIN_DIR"})


class IncidentSettings(BaseModel):
    """Where incidents are kept."""

    model_config = ConfigDict(extra="forbid")

    table: str = Field("aiops-incidents", min_length=3, description="DynamoDB table of incidents, claims, budgets and switches.")


class Settings(BaseSettings):
    """Every group of settings; each is described beside what it sets."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid")

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
        """Arguments, then the environment, then the plain names, then the secret."""
        plain = InitSettingsSource(settings_cls, init_kwargs=_plain(os.environ))  # noqa: TID251  # the only reader of the environment
        secret_id = os.environ.get("AIOPS_SECRETS_ID")  # noqa: TID251  # as above
        secret = (
            (AWSSecretsManagerSettingsSource(settings_cls, secret_id, env_prefix=PREFIX, env_nested_delimiter="__"),) if secret_id else ()
        )
        return (init_settings, env_settings, plain, *secret)


def _plain(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (group, key) in PLAIN_NAMES.items():
        if name in environment:
            text = environment[name]
            value: Any = [part.strip() for part in text.split(",") if part.strip()] if name == "LOG_GROUPS" else text
            found.setdefault(group, {})[key] = value
    return found


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
    accepted = known.keys() | PLAIN_NAMES.keys() | OTHER_NAMES
    nested = tuple(name + "__" for name in known)
    groups = {f"{PREFIX}{group}".upper() for group in Settings.model_fields}
    return sorted(
        name for name in present if name.startswith(PREFIX) and name not in accepted and name not in groups and not name.startswith(nested)
    )


def load(**overrides: Any) -> Settings:
    """The settings of this process; raises ConfigurationError with one line per problem."""
    strays = stray_names()
    if strays:
        raise ConfigurationError(f"unknown setting(s): {', '.join(strays)}; `aiops-daemon check --list` shows every name")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()]
        raise ConfigurationError("; ".join(lines)) from error


def use_environment(environment: Mapping[str, str]) -> None:
    """Point this process elsewhere (the demo's embedded AWS)."""
    os.environ.update(environment)  # noqa: TID251  # settings own the environment


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process."""
    return {**os.environ, **environment}  # noqa: TID251  # settings own the environment
