# One screen: is it alive, what did it do, what did it cost in time.

locals {
  # Title to metrics, as CloudWatch writes them.
  widgets = {
    "Is it alive: age of the oldest message, receives" = [
      ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", aws_sqs_queue.events.name, { stat = "Maximum" }],
      ["AWS/SQS", "NumberOfEmptyReceives", "QueueName", aws_sqs_queue.events.name, { stat = "Sum", yAxis = "right" }],
    ]
    "Messages: received, parked, dead" = [
      [local.metrics_namespace, "MessagesReceived", { stat = "Sum" }],
      [local.metrics_namespace, "MessagesParked", { stat = "Sum" }],
      ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.dead_letters.name, { stat = "Maximum" }],
    ]
    "Incidents opened and how they ended" = concat(
      [[local.metrics_namespace, "IncidentsOpened", { stat = "Sum" }]],
      [
        for outcome in concat(["verified", "suppressed", "cooldown", "observed", "rejected", "self-healed"], local.failed_outcomes) :
        [local.metrics_namespace, "IncidentsClosed", "Outcome", outcome, { stat = "Sum" }]
      ],
    )
    "Seconds per recovery" = [
      [local.metrics_namespace, "RecoverySeconds", "Outcome", "verified", { stat = "Sum", label = "seconds, in all" }],
      [local.metrics_namespace, "Recoveries", "Outcome", "verified", { stat = "Sum", yAxis = "right", label = "recoveries" }],
    ]
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [
      for index, title in sort(keys(local.widgets)) : {
        type   = "metric"
        x      = (index % 2) * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = title
          region  = local.region
          view    = "timeSeries"
          period  = 300
          metrics = local.widgets[title]
        }
      }
    ]
  })
}
