output "queue_url" {
  description = "The event queue: `aiops-daemon send` puts a drill on it."
  value       = aws_sqs_queue.events.url
}

output "dead_letter_queue_url" {
  description = "What could not be read or handled."
  value       = aws_sqs_queue.dead_letters.url
}

output "incident_table" {
  description = "The record: incidents, claims, budgets, the stop switch."
  value       = aws_dynamodb_table.incidents.name
}

output "pattern_table" {
  description = "The log watch's baselines and checkpoints."
  value       = aws_dynamodb_table.patterns.name
}

output "kill_switch_parameter" {
  description = "The kill switch's second source: put \"stop: reason\" or \"run\" there."
  value       = aws_ssm_parameter.kill_switch.name
}

output "topic_arn" {
  description = "Subscribe people here."
  value       = local.topic_arn
}

output "task_role_arn" {
  description = "What a task may do. A role in a member account trusts this one."
  value       = aws_iam_role.task.arn
}

output "operator_policy_arn" {
  description = "For the people on call: read, approve, reject, stop, start."
  value       = aws_iam_policy.operator.arn
}

output "repository_url" {
  description = "Push the image here; null when `image` names one."
  value       = one(aws_ecr_repository.this[*].repository_url)
}

output "recovery_project" {
  description = "The CodeBuild project that runs your Terraform, if any."
  value       = one(aws_codebuild_project.recovery[*].name)
}

output "central_bus_arn" {
  description = "Where member accounts send their events, if any do."
  value       = one(aws_cloudwatch_event_bus.central[*].arn)
}

output "log_group" {
  description = "The daemon's log."
  value       = aws_cloudwatch_log_group.daemon.name
}

output "environment" {
  description = "The settings that the task starts with: what runs locally with these runs on the same ground."
  value       = local.settings
}

output "rule_count" {
  description = "EventBridge rules on all buses."
  value       = length(aws_cloudwatch_event_rule.this)
}
