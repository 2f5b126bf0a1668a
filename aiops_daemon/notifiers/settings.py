"""What can be set about notifications. Addresses of webhooks are credentials: whoever has one can post."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class NotifierSettings(BaseModel):
    """Group `notifiers` of the settings (AIOPS_NOTIFIERS__...). A channel is on when its address is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sns_topic_arn: str | None = Field(
        None, pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$", description="SNS topic for every notice"
    )
    slack_webhook_url: SecretStr | None = Field(None, description="Slack incoming webhook")
    slack_bot_token: SecretStr | None = Field(None, description="Slack bot token (chat:write), instead of a webhook")
    slack_channel: str | None = Field(None, description="Slack channel id for the bot token")
    slack_api_url: str = Field("https://slack.com/api", description="Slack's Web API; another one for GovSlack and tests")
    teams_webhook_url: SecretStr | None = Field(None, description="Teams Workflows webhook; it gets an Adaptive Card")
    pagerduty_routing_key: SecretStr | None = Field(None, description="PagerDuty Events v2 integration key")
    pagerduty_url: str = Field("https://events.pagerduty.com/v2/enqueue", description="the EU service region has another address")
    pagerduty_min_severity: int = Field(6, ge=1, le=10, description="what is milder than this wakes nobody up")
    webhook_url: SecretStr | None = Field(None, description="any address that takes JSON by POST")
    webhook_secret: SecretStr | None = Field(None, description="key of the HMAC-SHA256 signature in X-Aiops-Signature-256")
    timeout_seconds: float = Field(10, gt=0, le=60, description="a channel that does not answer in this time is tried again later")

    @field_validator("slack_webhook_url", "teams_webhook_url", "webhook_url")
    @classmethod
    def _an_address(cls, url: SecretStr | None) -> SecretStr | None:
        """Said at the start, not at the first page of a night; without the address, which is a credential."""
        if url is not None and not url.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("is no address: it has to begin with https://")
        return url

    @model_validator(mode="after")
    def _bot_needs_channel(self) -> Self:
        if (self.slack_bot_token is None) != (self.slack_channel is None):
            raise ValueError("slack_bot_token and slack_channel belong together")
        return self
