# What a task may do. permissions.json is made from the actions' own statements (deploy/permissions.py); a test compares the two.

locals {
  catalogue = jsondecode(file("${path.module}/permissions.json"))
  actions   = var.enabled_actions == null ? sort(keys(local.catalogue.actions)) : sort(var.enabled_actions)

  # Sid to IAM actions: none before phase approve, then those of the enabled actions. The recovery project and its plans have their own.
  action_statements = {
    for action in local.actions : replace(title(replace(action, "/[._]/", " ")), " ", "") => [
      for permission in local.catalogue.actions[action] : permission if !startswith(permission, "codebuild:") && !startswith(permission, "s3:")
    ] if local.acts
  }
  starts_builds = local.recovers && anytrue([for action in local.actions : anytrue([for p in local.catalogue.actions[action] : startswith(p, "codebuild:")])])
}

data "aws_iam_policy_document" "assume_task" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "task" {
  name               = local.task_role_name
  description        = "What ${var.name} may do"
  assume_role_policy = data.aws_iam_policy_document.assume_task.json
  tags               = local.tags
}

data "aws_iam_policy_document" "task" {
  statement {
    sid       = "Queue"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.events.arn]
  }

  statement {
    sid       = "DeadLetters"
    actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }

  statement {
    sid       = "Record"
    actions   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.incidents.arn, "${aws_dynamodb_table.incidents.arn}/index/*"]
  }

  dynamic "statement" {
    for_each = var.log_watch == null ? [] : [1]

    content {
      sid       = "Patterns"
      actions   = ["dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem"]
      resources = [aws_dynamodb_table.patterns.arn]
    }
  }

  dynamic "statement" {
    for_each = var.log_watch == null ? [] : [1]

    content {
      sid     = "LogWatchReads"
      actions = ["logs:FilterLogEvents", "logs:StartQuery"]
      resources = [
        for group in var.log_watch.log_groups : "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${group}:*"
      ]
    }
  }

  dynamic "statement" {
    for_each = var.log_watch == null ? [] : [1]

    content {
      sid       = "LogWatchLists" # none of these calls can be limited to a group
      actions   = ["logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StopQuery"]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = local.rank >= 1 ? [1] : []

    content {
      sid       = "Announce"
      actions   = ["sns:GetTopicAttributes", "sns:Publish"]
      resources = [local.topic_arn]
    }
  }

  statement {
    sid       = "KillSwitch"
    actions   = local.catalogue.guards.kill_switch_parameter
    resources = [aws_ssm_parameter.kill_switch.arn]
  }

  statement {
    sid       = "Metrics" # PutMetricData knows no resources
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["AIOps/DevOpsAgent"]
    }
  }

  dynamic "statement" {
    for_each = local.catalogue.probes

    content {
      sid       = "Look${title(statement.key)}"
      actions   = statement.value
      resources = ["*"] # an event may name any resource of the account, and looking changes nothing
    }
  }

  dynamic "statement" {
    for_each = { for sid, actions in local.action_statements : sid => actions if length(actions) > 0 }

    content {
      sid       = "Act${statement.key}"
      actions   = statement.value
      resources = ["*"] # any resource of the account may need it; see the tag and the denials below
    }
  }

  dynamic "statement" {
    for_each = local.starts_builds ? [1] : []

    content {
      sid       = "RecoveryBuilds"
      actions   = ["codebuild:BatchGetBuilds", "codebuild:BatchGetProjects", "codebuild:ListBuildsForProject", "codebuild:StartBuild", "codebuild:StopBuild"]
      resources = [aws_codebuild_project.recovery[0].arn]
    }
  }

  dynamic "statement" {
    for_each = local.starts_builds ? [1] : []

    content {
      sid       = "RecoveryPlans"
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = ["${aws_s3_bucket.plans[0].arn}/plans/*/plan.json"] # addresses and actions; the plan files beside them hold secrets
    }
  }

  dynamic "statement" {
    for_each = var.model == null ? [] : [1]

    content {
      sid       = "Model"
      actions   = ["bedrock:InvokeModel"]
      resources = var.model.model_arns
    }
  }

  dynamic "statement" {
    for_each = var.cross_account_role == null ? [] : [1]

    content {
      sid       = "MemberAccounts"
      actions   = ["sts:AssumeRole"]
      resources = [for account in var.cross_account_role.accounts : "arn:${local.partition}:iam::${account}:role/${var.cross_account_role.name}"]
    }
  }

  dynamic "statement" {
    for_each = local.encrypted ? [1] : []

    content {
      sid       = "Key"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [local.kms_key_arn]
    }
  }

  statement {
    sid       = "NeverPermissions"
    effect    = "Deny"
    actions   = ["iam:*", "organizations:*", "account:*"]
    resources = ["*"]
  }

  statement {
    sid    = "NeverItsOwnGround"
    effect = "Deny"
    actions = [
      "dynamodb:DeleteBackup", "dynamodb:DeleteTable", "dynamodb:DeleteTableReplica", "dynamodb:PartiQL*", "dynamodb:Scan",
      "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive",
      "logs:Delete*", "logs:PutRetentionPolicy", "sns:DeleteTopic", "sns:SetTopicAttributes",
      "sqs:AddPermission", "sqs:DeleteQueue", "sqs:PurgeQueue", "sqs:RemovePermission", "sqs:SetQueueAttributes",
    ]
    resources = [
      aws_dynamodb_table.incidents.arn, "${aws_dynamodb_table.incidents.arn}/*", aws_dynamodb_table.patterns.arn, "${aws_dynamodb_table.patterns.arn}/*",
      aws_cloudwatch_log_group.daemon.arn, "${aws_cloudwatch_log_group.daemon.arn}:*", local.topic_arn, aws_sqs_queue.events.arn, aws_sqs_queue.dead_letters.arn,
    ]
  }

  statement {
    sid       = "NeverItsOwnSwitch" # ssm.restore_parameter may write any other parameter
    effect    = "Deny"
    actions   = ["ssm:AddTagsToResource", "ssm:DeleteParameter*", "ssm:LabelParameterVersion", "ssm:PutParameter", "ssm:RemoveTagsFromResource"]
    resources = [aws_ssm_parameter.kill_switch.arn]
  }

  statement {
    sid       = "NeverItsOwnService"
    effect    = "Deny"
    actions   = ["ecs:CreateTaskSet", "ecs:DeleteService", "ecs:ExecuteCommand", "ecs:RunTask", "ecs:StopTask", "ecs:UpdateService"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:service/${local.cluster_name}/${var.name}"]
  }

  statement {
    sid         = "NeverWhatIsProtected"
    effect      = "Deny"
    not_actions = ["cloudwatch:PutMetricData", "dynamodb:*Item", "dynamodb:Describe*", "dynamodb:Query", "ec2:Describe*", "ecs:Describe*", "ecs:List*", "kms:*", "lambda:Get*", "rds:Describe*", "s3:Get*", "sns:Publish", "sqs:*", "ssm:Get*"]
    resources   = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/aiops-protected"
      values   = ["true"]
    }
  }
}

resource "aws_iam_role_policy" "task" {
  name   = "task"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}
