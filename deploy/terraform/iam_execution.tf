# What ECS itself needs to start a task: the image, the log group, the secrets by reference.

resource "aws_iam_role" "execution" {
  name               = local.execution_role_name
  description        = "Lets ECS start ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.assume_task.json
  tags               = local.tags
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.daemon.arn}:*"]
  }

  statement {
    sid       = "RegistryToken" # knows no resources
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.image == null ? [1] : strcontains(var.image, ".dkr.ecr.") ? [1] : []

    content {
      sid       = "Image"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = [var.image == null ? aws_ecr_repository.this[0].arn : "arn:${local.partition}:ecr:*:*:repository/*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.secrets) > 0 ? [1] : []

    content {
      sid       = "Secrets"
      actions   = ["secretsmanager:GetSecretValue", "ssm:GetParameters"]
      resources = distinct(values(var.secrets))
    }
  }

  dynamic "statement" {
    for_each = length(var.secrets) > 0 && local.encrypted ? [1] : []

    content {
      sid       = "Key"
      actions   = ["kms:Decrypt"]
      resources = [local.kms_key_arn]
    }
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "execution"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}
