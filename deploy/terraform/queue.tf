# The event queue, its dead letters, and who may send. The policies are resources of their own: the queues depend on nothing.

resource "aws_sqs_queue" "events" {
  name                       = "${var.queue_prefix}events"
  visibility_timeout_seconds = 120
  message_retention_seconds  = 345600 # 4 days: a long week-end without the daemon loses nothing
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = local.kms_key_arn == null ? true : null
  kms_master_key_id          = local.kms_key_arn
  tags                       = local.tags
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.queue_prefix}events-dlq"
  message_retention_seconds = 1209600 # 14 days, the most there is
  sqs_managed_sse_enabled   = local.kms_key_arn == null ? true : null
  kms_master_key_id         = local.kms_key_arn
  tags                      = local.tags
}

resource "aws_sqs_queue_redrive_policy" "events" {
  queue_url = aws_sqs_queue.events.id
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.events.arn]
  })
}

data "aws_iam_policy_document" "queue" {
  for_each = { events = aws_sqs_queue.events.arn, dead_letters = aws_sqs_queue.dead_letters.arn }

  statement {
    sid       = "OnlyTheseRulesSend"
    actions   = ["sqs:SendMessage"]
    resources = [each.value]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = sort([for rule in aws_cloudwatch_event_rule.this : rule.arn])
    }
  }

  statement {
    sid       = "NothingInTheClear"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "events" {
  queue_url = aws_sqs_queue.events.id
  policy    = data.aws_iam_policy_document.queue["events"].json
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  policy    = data.aws_iam_policy_document.queue["dead_letters"].json
}
