"""What can be set about logs, metrics and the HTTP surface. Each value says its unit and why it is what it is."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TelemetrySettings(BaseModel):
    """Group `telemetry` of the settings (AIOPS_TELEMETRY__...)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least severe line that is written")
    log_format: Literal["json", "console"] = Field("json", description="json for a collector, console for a person")
    http_host: str = Field(
        "0.0.0.0",  # noqa: S104  # a container's health check and the scraper come from outside; the port shows no secrets
        description="address of /metrics, /healthz and /readyz; 127.0.0.1 keeps them on this machine",
    )
    http_port: int = Field(8080, ge=0, le=65535, description="port of the same; 0 takes a free one, for tests")
    beat_seconds: float = Field(1.0, gt=0, le=60, description="how often the event loop proves that it is alive")
    beat_limit_seconds: float = Field(
        30.0, gt=0, description="/healthz is red when the last beat is older: longer than any stall that heals itself"
    )
