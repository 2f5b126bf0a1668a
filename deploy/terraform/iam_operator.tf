# For the people on call: read incidents, answer, pull the stop switch. Attach it to their role or permission set.

data "aws_iam_policy_document" "operator" {
  statement {
    sid       = "ReadIncidents"
    actions   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query"]
    resources = [aws_dynamodb_table.incidents.arn, "${aws_dynamodb_table.incidents.arn}/index/*"]
  }

  statement {
    sid       = "StopSwitchAndBreakers" # of the record, only these two kinds of item
    actions   = ["dynamodb:DeleteItem", "dynamodb:PutItem"]
    resources = [aws_dynamodb_table.incidents.arn]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["SWITCH", "BREAKER#*"]
    }

    condition {
      test     = "Null"
      variable = "dynamodb:LeadingKeys"
      values   = ["false"]
    }
  }

  statement {
    sid       = "LookAtQueues"
    actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
    resources = [aws_sqs_queue.events.arn, aws_sqs_queue.dead_letters.arn]
  }

  statement {
    sid       = "RedriveDeadLetters"
    actions   = ["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks", "sqs:CancelMessageMoveTask"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }

  statement {
    sid       = "DecideAndDrill" # an approval is a message on the queue: whoever may send may decide
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.events.arn]
  }

  dynamic "statement" {
    for_each = local.encrypted ? [1] : []

    content {
      sid       = "Key"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [local.kms_key_arn]
    }
  }
}

resource "aws_iam_policy" "operator" {
  name        = "${var.name}-operator"
  description = "Read incidents of ${var.name}, approve, reject, stop and start it"
  policy      = data.aws_iam_policy_document.operator.json
  tags        = local.tags
}
