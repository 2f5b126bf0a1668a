# The phases, in the order in which they are turned on.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "record_tells_nobody_and_may_do_nothing" {
  variables {
    phase = "record"
  }

  assert {
    condition     = output.environment.AIOPS_MODE == "observe" && !contains(keys(output.environment), "SNS_TOPIC_ARN")
    error_message = "record has no channel and no mode act"
  }

  assert {
    condition     = length(local.action_statements) == 0
    error_message = "record gives the role no action"
  }

  assert {
    condition     = length(aws_codebuild_project.recovery) == 0
    error_message = "no recovery project without recovery"
  }
}

run "observe_is_the_default_and_announces" {
  assert {
    condition     = output.environment.AIOPS_MODE == "observe" && contains(keys(output.environment), "SNS_TOPIC_ARN")
    error_message = "observe announces and does not act"
  }

  assert {
    condition     = length(local.action_statements) == 0
    error_message = "observe gives the role no action"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.breaker) == 0
    error_message = "nothing acts, so that no breaker can open"
  }

  assert {
    condition     = output.environment.COOLDOWN_MINUTES == "5" && output.environment.CONFIDENCE_THRESHOLD == "0.8"
    error_message = "the daemon's own defaults"
  }
}

run "approve_asks_for_everything" {
  variables {
    phase = "approve"
  }

  assert {
    condition     = output.environment.AIOPS_MODE == "act" && alltrue([for level in values(jsondecode(output.environment.AIOPS_POLICY__AUTONOMY)) : level == "approve"])
    error_message = "in phase approve every action asks"
  }

  assert {
    condition     = length(local.action_statements) == length(local.catalogue.actions) && length(local.action_statements) > 0
    error_message = "all actions are enabled by default"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.breaker["ec2.start"].dimensions == tomap({ Kind = "ec2.start" }) && aws_cloudwatch_metric_alarm.breaker["ec2.start"].metric_name == "BreakerOpen"
    error_message = "the alarm reads the daemon's own metric"
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.breaker), "notify_only")
    error_message = "what calls nothing has no breaker"
  }
}

run "auto_keeps_the_shipped_ladder" {
  variables {
    phase = "auto"
  }

  assert {
    condition     = output.environment.AIOPS_MODE == "act" && !contains(keys(output.environment), "AIOPS_POLICY__AUTONOMY")
    error_message = "without autonomy the shipped ladder is in force"
  }
}

run "only_enabled_actions_get_permissions" {
  variables {
    phase           = "auto"
    enabled_actions = ["ec2.start"]
  }

  assert {
    condition     = keys(local.action_statements) == ["Ec2Start"] && contains(local.action_statements["Ec2Start"], "ec2:StartInstances")
    error_message = "one action, one statement"
  }

  assert {
    condition     = jsondecode(output.environment.AIOPS_POLICY__ALLOWED_ACTIONS) == ["ec2.start", "notify_only"]
    error_message = "the policy of the daemon and of IAM say the same"
  }
}

run "unknown_actions_are_refused" {
  command = plan

  variables {
    enabled_actions = ["ec2.explode"]
  }

  expect_failures = [var.enabled_actions]
}

run "unknown_phases_are_refused" {
  command = plan

  variables {
    phase = "yolo"
  }

  expect_failures = [var.phase]
}

run "log_watch_and_model_are_switches" {
  variables {
    log_watch = { log_groups = ["/aws/lambda/a", "/ecs/*"], anomaly_threshold = 4 }
    model     = { id = "m", model_arns = ["arn:aws:bedrock:us-east-1::foundation-model/m"] }
  }

  assert {
    condition     = output.environment.LOG_GROUPS == "/aws/lambda/a,/ecs/*" && output.environment.ANOMALY_THRESHOLD == "4" && output.environment.AIOPS_LOGWATCH__ENABLED == "true"
    error_message = "log watch on"
  }

  assert {
    condition     = output.environment.AIOPS_MODEL__PROVIDER == "bedrock" && output.environment.AIOPS_MODEL__NAME == "m"
    error_message = "model on"
  }
}
