# The kill switch's second source, for whoever stops things from a console, a pipeline or a phone: "run" or "stop: reason". Either source stops.

resource "aws_ssm_parameter" "kill_switch" {
  # checkov:skip=CKV2_AWS_34:the value is no secret; whoever is on call has to read it without a key
  name            = "/${var.name}/kill-switch"
  description     = "run, or stop: reason. Every task of ${var.name} reads it before each step."
  type            = "String"
  value           = "run"
  allowed_pattern = "^(run|stop: .+)$"
  tags            = local.tags

  lifecycle {
    ignore_changes = [value] # people's
  }
}

# Who is subscribed hears of every change, also of one that nobody announced.
resource "aws_cloudwatch_event_rule" "kill_switch" {
  name        = "${var.name}-kill-switch-changed"
  description = "The kill switch parameter was changed or deleted"
  tags        = local.tags

  event_pattern = jsonencode({
    source      = ["aws.ssm"]
    detail-type = ["Parameter Store Change"]
    detail      = { name = [aws_ssm_parameter.kill_switch.name] }
  })
}

resource "aws_cloudwatch_event_target" "kill_switch" {
  rule      = aws_cloudwatch_event_rule.kill_switch.name
  target_id = "notices"
  arn       = local.topic_arn

  input_transformer {
    input_paths    = { operation = "$.detail.operation", time = "$.time" }
    input_template = "\"The kill switch parameter ${aws_ssm_parameter.kill_switch.name} was changed (<operation>) at <time>. Runbook: docs/operations.md#stop-switch\""
  }
}
