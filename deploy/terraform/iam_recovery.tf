# What a recovery build may do: its plan files, your state, the policies that you name, and a boundary around all of it.

data "aws_iam_policy_document" "assume_recovery" {
  count = var.recovery == null ? 0 : 1

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["codebuild.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "recovery_boundary" {
  # checkov:skip=CKV_AWS_107:a boundary is the most that may be granted, it grants nothing
  # checkov:skip=CKV_AWS_108:as above
  # checkov:skip=CKV_AWS_109:as above
  # checkov:skip=CKV_AWS_110:as above; every IAM write is left out
  # checkov:skip=CKV_AWS_111:as above
  # checkov:skip=CKV_AWS_356:as above
  count = var.recovery == null ? 0 : 1

  statement {
    sid         = "TheWorld"
    not_actions = ["account:*", "iam:*", "organizations:*"]
    resources   = ["*"]
  }

  statement {
    sid       = "NotTheScriptOfTheNextBuild"
    effect    = "Deny"
    actions   = ["s3:Delete*", "s3:Put*"]
    resources = [aws_s3_bucket.plans[0].arn, "${aws_s3_bucket.plans[0].arn}/tools/*"]
  }

  statement {
    sid       = "LookAtAndHandOverRoles" # an instance profile, a task role: Terraform reads them and passes them on
    actions   = ["iam:Get*", "iam:List*", "iam:PassRole"]
    resources = ["*"]
  }

  statement {
    sid    = "NotTheDaemon"
    effect = "Deny"
    actions = [
      "dynamodb:*", "ecs:*", "iam:PassRole", "sns:*", "sqs:*", "ssm:DeleteParameter*", "ssm:PutParameter",
    ]
    resources = [
      aws_dynamodb_table.incidents.arn, aws_dynamodb_table.patterns.arn, aws_sqs_queue.events.arn, aws_sqs_queue.dead_letters.arn, local.topic_arn,
      aws_iam_role.task.arn, aws_ssm_parameter.kill_switch.arn, "arn:${local.partition}:ecs:${local.region}:${local.account}:service/${local.cluster_name}/${var.name}",
    ]
  }
}

resource "aws_iam_policy" "recovery_boundary" {
  count = var.recovery == null ? 0 : 1

  name        = "${var.name}-recovery-boundary"
  description = "The most that a recovery build of ${var.name} may ever do"
  policy      = data.aws_iam_policy_document.recovery_boundary[0].json
  tags        = local.tags
}

resource "aws_iam_role" "recovery" {
  count = var.recovery == null ? 0 : 1

  name                 = local.recovery_role_name
  description          = "What a recovery build of ${var.name} may do"
  assume_role_policy   = data.aws_iam_policy_document.assume_recovery[0].json
  permissions_boundary = aws_iam_policy.recovery_boundary[0].arn
  tags                 = local.tags
}

data "aws_iam_policy_document" "recovery" {
  count = var.recovery == null ? 0 : 1

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.recovery[0].arn}:*"]
  }

  statement {
    sid       = "Plans"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = ["${aws_s3_bucket.plans[0].arn}/plans/*"]
  }

  statement {
    sid       = "Tools" # read only: a build cannot change the script of the next one
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.plans[0].arn}/tools/*"]
  }

  statement {
    sid       = "ListPlansAndState"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.plans[0].arn, var.recovery.state_bucket_arn]
  }

  statement {
    sid       = "StateAndItsLock"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${var.recovery.state_bucket_arn}/*"]
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

resource "aws_iam_role_policy" "recovery" {
  count = var.recovery == null ? 0 : 1

  name   = "recovery"
  role   = aws_iam_role.recovery[0].id
  policy = data.aws_iam_policy_document.recovery[0].json
}

resource "aws_iam_role_policy_attachment" "recovery" {
  for_each = var.recovery == null ? toset([]) : toset(var.recovery.policy_arns)

  role       = aws_iam_role.recovery[0].name
  policy_arn = each.value
}
