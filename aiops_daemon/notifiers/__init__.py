"""Channels to people. A new one is one file here and one line in `configured`."""

from aiops_daemon.notifiers.pagerduty import PagerDutyNotifier
from aiops_daemon.notifiers.settings import NotifierSettings
from aiops_daemon.notifiers.slack import SlackApiNotifier, SlackWebhookNotifier
from aiops_daemon.notifiers.sns import SnsNotifier
from aiops_daemon.notifiers.teams import TeamsNotifier
from aiops_daemon.notifiers.webhook import WebhookNotifier
from aiops_daemon.ports import AwsClients, Notifier


def configured(settings: NotifierSettings, clients: AwsClients) -> tuple[Notifier, ...]:
    """The channels that are set up."""
    limit = settings.timeout_seconds
    found: list[Notifier] = []
    if settings.sns_topic_arn:
        found.append(SnsNotifier(settings.sns_topic_arn, clients))
    if settings.slack_webhook_url:
        found.append(SlackWebhookNotifier(settings.slack_webhook_url, limit))
    if settings.slack_bot_token and settings.slack_channel:
        found.append(SlackApiNotifier(settings.slack_bot_token, settings.slack_channel, limit, settings.slack_api_url))
    if settings.teams_webhook_url:
        found.append(TeamsNotifier(settings.teams_webhook_url, limit))
    if settings.pagerduty_routing_key:
        key, floor = settings.pagerduty_routing_key, settings.pagerduty_min_severity
        found.append(PagerDutyNotifier(key, limit, min_severity=floor, url=settings.pagerduty_url))
    if settings.webhook_url:
        found.append(WebhookNotifier(settings.webhook_url, settings.webhook_secret, limit))
    return tuple(found)
