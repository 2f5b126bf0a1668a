# The topic for announcements and for the daemon's own alarms.

locals {
  topic_arn = var.sns_topic_arn == null ? aws_sns_topic.this[0].arn : var.sns_topic_arn
}

resource "aws_sns_topic" "this" {
  count = var.sns_topic_arn == null ? 1 : 0

  name              = "${var.name}-notices"
  kms_master_key_id = local.kms_key_arn
  tags              = local.tags
}

data "aws_iam_policy_document" "topic" {
  count = var.sns_topic_arn == null ? 1 : 0

  statement {
    sid       = "AlarmsOfThisAccountPublish"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this[0].arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "ChangesOfTheKillSwitch"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this[0].arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.kill_switch.arn]
    }
  }

  statement {
    sid       = "TheDaemonPublishes"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this[0].arn]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.task.arn]
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  count = var.sns_topic_arn == null ? 1 : 0

  arn    = aws_sns_topic.this[0].arn
  policy = data.aws_iam_policy_document.topic[0].json
}
