# The daemon's own alarms, from what SQS says and from what the daemon reports (namespace AIOps/DevOpsAgent, once a minute).

locals {
  metrics_namespace = "AIOps/DevOpsAgent"
  failed_outcomes   = ["failed", "rolled-back", "rollback-failed", "partial"]

  # What can break: an action that calls something, once the daemon acts.
  breakers = [for action in local.actions : action if local.acts && length(local.catalogue.actions[action]) > 0]

  # One metric each; statistics over `period` seconds.
  plain_alarms = {
    queue-age = {
      description = "Events wait too long: the daemon is down, slow or shut out of its queue. Runbook: docs/operations.md#queue-age"
      namespace   = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = aws_sqs_queue.events.name }
      statistic   = "Maximum", period = 60, periods = 3, threshold = var.alarm_thresholds.queue_age_seconds, missing = "notBreaching"
    }
    dead-letters = {
      description = "Messages that could not be read or handled. Runbook: docs/operations.md#dead-letters"
      namespace   = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = aws_sqs_queue.dead_letters.name }
      statistic   = "Maximum", period = 300, periods = 1, threshold = 0, missing = "notBreaching"
    }
    workflow-errors = {
      description = "An unexpected exception in a workflow: a bug. Runbook: docs/operations.md#workflow-errors"
      namespace   = local.metrics_namespace, metric = "WorkflowErrors", dimensions = {}
      statistic   = "Sum", period = 300, periods = 1, threshold = 0, missing = "notBreaching"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "plain" {
  for_each = local.plain_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "silent" {
  alarm_name          = "${var.name}-silent"
  alarm_description   = "Nobody polls the queue: no task runs. Long polls make three receives a minute. Runbook: docs/operations.md#silent"
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  actions_enabled     = var.desired_count > 0
  tags                = local.tags

  metric_query {
    id          = "receives"
    expression  = "FILL(empty, 0) + FILL(received, 0)"
    label       = "receives"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { empty = "NumberOfEmptyReceives", received = "NumberOfMessagesReceived" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SQS"
        metric_name = metric_query.value
        dimensions  = { QueueName = aws_sqs_queue.events.name }
        period      = var.alarm_thresholds.silent_minutes * 60
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "failing" {
  alarm_name          = "${var.name}-recoveries-failing"
  alarm_description   = "Recoveries fail or are rolled back; the breaker opens at three in a row. Runbook: docs/operations.md#recoveries-failing"
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.alarm_thresholds.failed_recoveries
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = local.tags

  metric_query {
    id          = "bad"
    expression  = join(" + ", [for index, outcome in local.failed_outcomes : "FILL(m${index}, 0)"])
    label       = "failed recoveries"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { for index, outcome in local.failed_outcomes : "m${index}" => outcome }

    content {
      id = metric_query.key

      metric {
        namespace   = local.metrics_namespace
        metric_name = "IncidentsClosed"
        dimensions  = { Outcome = metric_query.value }
        period      = 3600
        stat        = "Sum"
      }
    }
  }
}

# One per kind of action: its name says which is stopped. A closed breaker is not reported, so that silence is not an alarm.
resource "aws_cloudwatch_metric_alarm" "breaker" {
  for_each = toset(local.breakers)

  alarm_name          = "${var.name}-breaker-open-${each.value}"
  alarm_description   = "The breaker of ${each.value} is open: it is stopped until a person closes it. Runbook: docs/operations.md#breaker-open"
  namespace           = local.metrics_namespace
  metric_name         = "BreakerOpen"
  dimensions          = { Kind = each.value }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = local.tags
}
