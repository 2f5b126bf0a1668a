"""What can be set about the intake. Each value says its unit and why it is what it is."""

from pydantic import BaseModel, ConfigDict, Field


class IntakeSettings(BaseModel):
    """Group `intake` of the settings (AIOPS_INTAKE__...)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue_name: str = Field("aiops-events", description="name of the event queue, looked up where no URL is given")
    queue_url: str | None = Field(None, description="its URL; saves the look-up, and is needed for a queue of another account")
    dead_letter_queue_url: str | None = Field(None, description="where unreadable messages go; unset: the queue's own redrive target")
    concurrency: int = Field(50, ge=1, le=1000, description="messages handled at once; a handler mostly waits for DynamoDB")
    buffer: int = Field(50, ge=0, le=1000, description="messages held beyond that, so that a finished handler never waits for a receive")
    pollers: int = Field(4, ge=1, le=20, description="receives in flight under load; one when idle, since each costs money and CPU")
    wait_seconds: int = Field(20, ge=0, le=20, description="long poll: 20 is the most that SQS allows and three receives a minute")
    visibility_seconds: int = Field(60, ge=8, le=43200, description="a dead daemon's messages come back after this; heartbeats renew it")
    retry_base_seconds: float = Field(5, gt=0, description="first bound of the full-jitter backoff of a message that failed; doubles")
    retry_cap_seconds: float = Field(900, gt=0, le=43200, description="last bound of the same: a fault longer than this is no hiccup")
    acknowledge_linger_seconds: float = Field(
        0.075, ge=0, le=1, description="a delete waits this long for company; ten messages in one call cost what one does"
    )
    acknowledge_attempts: int = Field(
        5, ge=1, le=20, description="tries per delete; after that the message comes again and is deduplicated"
    )
    unavailable_cap_seconds: float = Field(
        60, gt=0, description="longest pause between receives while the queue is missing or forbidden: repaired means working in a minute"
    )
    shutdown_seconds: float = Field(
        100, gt=0, le=110, description="time for a graceful stop; ECS kills after 120 s at most, and the rest of the daemon stops after us"
    )
