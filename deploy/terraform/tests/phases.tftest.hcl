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

run "the_kill_switch_has_a_second_source_that_the_daemon_only_reads" {
  assert {
    condition     = output.environment.AIOPS_KILL_SWITCH_PARAMETER == output.kill_switch_parameter && aws_ssm_parameter.kill_switch.value == "run"
    error_message = "the daemon reads what was made, and it runs"
  }

  assert {
    condition     = contains(jsondecode(output.environment.AIOPS_POLICY__PROTECTED), "ssm:parameter#${output.kill_switch_parameter}")
    error_message = "a change of the switch is never healed away"
  }

  assert {
    condition     = local.catalogue.guards.kill_switch_parameter == ["ssm:GetParameter"]
    error_message = "no more than reading"
  }
}

run "recovery_is_a_switch_of_a_daemon_that_acts" {
  variables {
    phase    = "approve"
    recovery = { source_type = "S3", source_location = "b/stack.zip", state_bucket_arn = "arn:aws:s3:::state", policy_arns = [], terraform_sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
  }

  assert {
    condition     = output.environment.AIOPS_ACTIONS__PLAN_BUCKET == aws_s3_bucket.plans[0].id && output.environment.AIOPS_ACTIONS__CODEBUILD_PROJECT == "aiops-daemon-recovery"
    error_message = "the daemon knows the project and where its plans are"
  }

  assert {
    condition     = !anytrue([for actions in values(local.action_statements) : anytrue([for action in actions : startswith(action, "s3:")])])
    error_message = "plans are read in their own bucket only"
  }

  assert {
    condition     = one([for item in aws_codebuild_project.recovery[0].environment[0].environment_variable : item.value if item.name == "MODE"]) == "plan"
    error_message = "a build that is started without a mode changes nothing"
  }

  assert {
    condition     = aws_s3_bucket_versioning.plans[0].versioning_configuration[0].status == "Enabled"
    error_message = "a plan is pinned by its version"
  }
}
