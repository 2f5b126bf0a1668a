# The task as it starts, and the recovery project.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  some_recovery = {
    source_type      = "GITHUB"
    source_location  = "https://github.com/example/infrastructure.git"
    state_bucket_arn = "arn:aws:s3:::state"
    policy_arns      = ["arn:aws:iam::aws:policy/AmazonEC2FullAccess"]
    terraform_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
  }
}

run "container_is_closed" {
  assert {
    condition     = local.container.readonlyRootFilesystem && local.container.user == "10001:10001" && local.container.linuxParameters.initProcessEnabled && local.container.linuxParameters.capabilities.drop == ["ALL"]
    error_message = "read-only, not root, an init process, no capability"
  }

  assert {
    condition     = local.container.stopTimeout == 120 && local.container.healthCheck.command[0] == "CMD"
    error_message = "time to drain, and a health check that ECS sees"
  }

  assert {
    condition     = aws_ecs_task_definition.this.runtime_platform[0].cpu_architecture == "ARM64" && aws_ecs_service.this.desired_count == 2 && aws_ecs_service.this.deployment_circuit_breaker[0].rollback
    error_message = "arm64, two tasks, circuit breaker"
  }
}

run "secrets_come_by_reference" {
  variables {
    secrets = { AIOPS_NOTIFIERS__SLACK_WEBHOOK_URL = "arn:aws:secretsmanager:us-east-1:123456789012:secret:s" }
  }

  assert {
    condition     = local.container.secrets == [{ name = "AIOPS_NOTIFIERS__SLACK_WEBHOOK_URL", valueFrom = "arn:aws:secretsmanager:us-east-1:123456789012:secret:s" }] && !contains(keys(output.environment), "AIOPS_NOTIFIERS__SLACK_URL")
    error_message = "a secret is never in the environment"
  }
}

run "secrets_are_not_values" {
  command = plan

  variables {
    secrets = { AIOPS_NOTIFIERS__SLACK_WEBHOOK_URL = "https://hooks.example" }
  }

  expect_failures = [var.secrets]
}

run "spot_is_optional" {
  variables {
    spot_weight = 80
  }

  assert {
    condition     = length(aws_ecs_service.this.capacity_provider_strategy) == 2
    error_message = "one task on demand, the rest shared"
  }
}

run "scaling_can_be_off" {
  variables {
    desired_count = 0
  }

  assert {
    condition     = length(aws_appautoscaling_target.service) == 0 && !aws_cloudwatch_metric_alarm.silent.actions_enabled
    error_message = "nothing runs, nothing rings"
  }
}

run "more_at_least_than_at_most_is_refused" {
  command = plan

  variables {
    desired_count = 5
    max_count     = 2
  }

  expect_failures = [var.max_count]
}

run "recovery_is_made_and_named_to_the_daemon" {
  variables {
    phase    = "approve"
    recovery = var.some_recovery
  }

  assert {
    condition     = output.environment.AIOPS_ACTIONS__CODEBUILD_PROJECT == "aiops-daemon-recovery" && aws_codebuild_project.recovery[0].concurrent_build_limit == 1
    error_message = "one build at a time, known to the daemon"
  }

  assert {
    condition     = aws_iam_role.recovery[0].permissions_boundary != null && aws_iam_role.recovery[0].name == "aiops-daemon-codebuild-role"
    error_message = "a boundary around it, and the name that provenance knows"
  }
}

run "an_observer_starts_no_build" {
  variables {
    phase    = "observe"
    recovery = var.some_recovery
  }

  assert {
    condition     = !contains(keys(output.environment), "AIOPS_ACTIONS__CODEBUILD_PROJECT") && !local.starts_builds
    error_message = "the project may stand ready, the daemon may not use it"
  }
}

run "working_directory_stays_inside" {
  command = plan

  variables {
    recovery = merge(var.some_recovery, { working_directory = "../../etc" })
  }

  expect_failures = [var.recovery]
}
