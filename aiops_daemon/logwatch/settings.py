"""What can be set about the log watch. Each value says its unit and why it is what it is."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from aiops_daemon.logwatch.remedies import LogAction


class LogWatchSettings(BaseModel):
    """Group `logwatch` of the settings (AIOPS_LOGWATCH__...)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="false: no log group is read, whatever `groups` says")
    groups: tuple[str, ...] = Field(default=(), description="log groups: names, prefixes ending in *, or globs")
    anomaly_threshold: Annotated[float, Field(ge=2, le=20)] = Field(
        default=3.5, description="standard deviations, after correction for the number of series: when to alert"
    )
    interval_seconds: Annotated[int, Field(ge=60, le=3600)] = Field(
        default=300, description="one run and one bucket; five minutes is the resolution that the baseline is tuned for"
    )
    overlap_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        default=600, description="read again this far back: agents deliver late, mostly within ten minutes"
    )
    settle_seconds: Annotated[int, Field(ge=0, le=600)] = Field(
        default=60, description="do not read the last minute: CloudWatch Logs indexes with a delay of seconds"
    )
    jitter_seconds: Annotated[int, Field(ge=0, le=60)] = Field(
        default=20, description="start this much later at most, so that several tasks do not call AWS in one second"
    )
    catch_up_seconds: Annotated[int, Field(ge=0, le=604800)] = Field(
        default=86_400, description="after an outage read back at most a day: older warnings help nobody"
    )
    history_seconds: Annotated[int, Field(ge=0, le=604800)] = Field(
        default=86_400, description="a group seen for the first time is read back this far: its first day of baseline"
    )
    max_lines_per_window: Annotated[int, Field(ge=1000)] = Field(
        default=500_000, description="a group with more lines than this in five minutes is counted by Logs Insights"
    )
    max_templates: Annotated[int, Field(ge=100, le=50_000)] = Field(
        default=10_000, description="templates kept per group; the least used go first. About 4 KB of memory each"
    )
    table: str = Field(default="aiops-patterns", description="DynamoDB table of baselines and checkpoints")
    slot_seconds: Annotated[int, Field(ge=30, le=3600)] = Field(
        default=240, description="a task that took a window and died frees it after this time; less than the interval"
    )
    adopt_after_seconds: Annotated[int, Field(ge=3600)] = Field(
        default=604_800, description="an episode that lasts a week is the new normal, and the alert is closed saying so"
    )
    deploy_window_seconds: Annotated[int, Field(ge=0)] = Field(
        default=1_800, description="what begins within half an hour after a deploy is put down to it, with low urgency"
    )
    failure_lines_per_hour: int | None = Field(
        default=None, description="error lines per hour that mean failure; unset: learned from the group's own record"
    )
    mute_after: Annotated[int, Field(ge=2)] = Field(
        default=5, description="a pattern with this many false warnings in its last ten, and more false than right, is muted"
    )
    actions: tuple[LogAction, ...] = Field(
        default=(),
        description="what a warning may set off, the first line that fits; empty: warnings are announced only. "
        '[{"log_group": "/shop/*", "matching": "*connection pool*", "action": "ecs.scale_out", "resource": "<ARN>", "at_most": 6}]',
    )
