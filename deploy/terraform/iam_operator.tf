# For the people on call: read incidents, approve, reject, stop, start, close breakers, thaw, move dead letters back. Attach it to their role.

# A test compares the statements on the table with what the commands do. stop-, start- and breaker commands put whole items; thaw updates one.
data "aws_iam_policy_document" "operator" {
  statement {
    sid       = "ReadRecord" # incidents show, breaker show; approve, reject and thaw look first
    actions   = ["dynamodb:GetItem"]
    resources = [aws_dynamodb_table.incidents.arn]
  }

  statement {
    sid       = "ListIncidents"
    actions   = ["dynamodb:Query"]
    resources = ["${aws_dynamodb_table.incidents.arn}/index/*"]
  }

  # Of the record, only these items. Without the second condition a request that names no key would pass ForAllValues.
  dynamic "statement" {
    for_each = {
      StopStartAndCloseBreakers = { action = "dynamodb:PutItem", keys = ["SWITCH", "BREAKER#*"] }
      Thaw                      = { action = "dynamodb:UpdateItem", keys = ["RES#*"] }
    }

    content {
      sid       = statement.key
      actions   = [statement.value.action]
      resources = [aws_dynamodb_table.incidents.arn]

      condition {
        test     = "ForAllValues:StringLike"
        variable = "dynamodb:LeadingKeys"
        values   = statement.value.keys
      }

      condition {
        test     = "Null"
        variable = "dynamodb:LeadingKeys"
        values   = ["false"]
      }
    }
  }

  statement {
    sid       = "KillSwitchParameter"
    actions   = ["ssm:GetParameter", "ssm:PutParameter"]
    resources = [aws_ssm_parameter.kill_switch.arn]
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
  description = "Read incidents of ${var.name}, approve, reject, stop, start, close breakers, thaw"
  policy      = data.aws_iam_policy_document.operator.json
  tags        = local.tags
}
