# Queue, tables, rules and what may be brought along.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "tables_are_what_the_daemon_expects" {
  assert {
    condition     = aws_dynamodb_table.incidents.name == "aiops-incidents" && aws_dynamodb_table.patterns.name == "aiops-patterns"
    error_message = "names that users know"
  }

  assert {
    condition     = toset([for index in aws_dynamodb_table.incidents.global_secondary_index : index.name]) == toset(["resource-timestamp-index", "resource-type-index", "workflow-state-index", "open-index"])
    error_message = "four indexes"
  }

  assert {
    condition     = alltrue([for table in [aws_dynamodb_table.incidents, aws_dynamodb_table.patterns] : table.deletion_protection_enabled && table.point_in_time_recovery[0].enabled && table.server_side_encryption[0].enabled && table.billing_mode == "PAY_PER_REQUEST"])
    error_message = "protected, recoverable, encrypted, on demand"
  }
}

run "what_is_old_goes" {
  assert {
    condition     = aws_dynamodb_table.incidents.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.patterns.ttl[0].attribute_name == "ttl"
    error_message = "the attributes that the daemon writes"
  }
}

run "queue_has_dead_letters" {
  assert {
    condition     = aws_sqs_queue.events.name == "aiops-events" && aws_sqs_queue.dead_letters.name == "aiops-events-dlq" && aws_sqs_queue.events.visibility_timeout_seconds == 120
    error_message = "names and visibility"
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_policy.events.redrive_policy).maxReceiveCount == 5
    error_message = "five tries"
  }
}

run "one_rule_per_kind_on_the_default_bus" {
  assert {
    condition     = output.rule_count == length(local.all_event_rules) && alltrue([for rule in aws_cloudwatch_event_rule.this : rule.event_bus_name == "default"])
    error_message = "each kind once"
  }

  assert {
    condition     = length(aws_cloudwatch_event_bus.central) == 0 && output.central_bus_arn == null
    error_message = "no central bus without member accounts"
  }
}

run "kinds_can_be_chosen" {
  variables {
    event_kinds = ["ec2-instances", "alarms"]
  }

  assert {
    condition     = output.rule_count == 2
    error_message = "two kinds, two rules"
  }
}

run "unknown_kinds_are_pointed_out" {
  command = plan

  variables {
    event_kinds = ["ec2-instances", "nonsense"]
  }

  expect_failures = [check.event_kinds_are_known]
}

run "member_accounts_get_a_bus" {
  variables {
    event_source_accounts = ["111111111111"]
    event_kinds           = ["alarms"]
  }

  assert {
    condition     = output.rule_count == 2 && aws_cloudwatch_event_bus.central[0].name == "aiops-daemon-central"
    error_message = "the same rules on both buses"
  }
}

run "account_numbers_are_checked" {
  command = plan

  variables {
    event_source_accounts = ["me"]
  }

  expect_failures = [var.event_source_accounts]
}

run "what_you_have_is_used" {
  variables {
    sns_topic_arn = "arn:aws:sns:us-east-1:123456789012:mine"
    cluster_arn   = "arn:aws:ecs:us-east-1:123456789012:cluster/mine"
    kms_key_arn   = "arn:aws:kms:us-east-1:123456789012:key/mine"
    image         = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine@sha256:00"
    network       = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2"] }
  }

  assert {
    condition     = length(aws_sns_topic.this) + length(aws_ecs_cluster.this) + length(aws_kms_key.this) + length(aws_ecr_repository.this) + length(aws_vpc.this) == 0
    error_message = "nothing is made twice"
  }

  assert {
    condition     = aws_ecs_service.this.cluster == "arn:aws:ecs:us-east-1:123456789012:cluster/mine" && aws_sqs_queue.events.kms_master_key_id == "arn:aws:kms:us-east-1:123456789012:key/mine" && !aws_ecs_service.this.network_configuration[0].assign_public_ip
    error_message = "what was given is used"
  }
}
