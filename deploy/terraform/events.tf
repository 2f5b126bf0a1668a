# The rules on each bus, all to one queue. An event that EventBridge cannot deliver in a day goes to the dead letters.

locals {
  central_bus = length(var.event_source_accounts) > 0 ? "${var.name}-central" : null
  buses       = toset(compact(concat(var.event_bus_names, [local.central_bus])))

  rules_on_buses = merge([
    for bus in local.buses : { for kind, rule in local.event_rules : "${bus}/${kind}" => merge(rule, { bus = bus, kind = kind }) }
  ]...)
}

resource "aws_cloudwatch_event_bus" "central" {
  count = local.central_bus == null ? 0 : 1

  name               = local.central_bus
  kms_key_identifier = local.kms_key_arn
  tags               = local.tags
}

data "aws_iam_policy_document" "central_bus" {
  count = local.central_bus == null ? 0 : 1

  statement {
    sid       = "MemberAccountsSend"
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.central[0].arn]

    principals {
      type        = "AWS"
      identifiers = [for account in var.event_source_accounts : "arn:${local.partition}:iam::${account}:root"]
    }
  }
}

resource "aws_cloudwatch_event_bus_policy" "central" {
  count = local.central_bus == null ? 0 : 1

  event_bus_name = aws_cloudwatch_event_bus.central[0].name
  policy         = data.aws_iam_policy_document.central_bus[0].json
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules_on_buses

  name           = "${var.name}-${each.value.kind}"
  description    = each.value.description
  event_bus_name = each.value.bus == local.central_bus ? aws_cloudwatch_event_bus.central[0].name : each.value.bus
  event_pattern  = jsonencode(each.value.pattern)
  tags           = local.tags

  lifecycle {
    precondition {
      condition     = length(jsonencode(each.value.pattern)) <= 2048
      error_message = "The pattern of ${each.key} is longer than EventBridge takes (2,048 characters)."
    }
  }
}

resource "aws_cloudwatch_event_target" "queue" {
  for_each = local.rules_on_buses

  rule           = aws_cloudwatch_event_rule.this[each.key].name
  event_bus_name = aws_cloudwatch_event_rule.this[each.key].event_bus_name
  target_id      = "queue"
  arn            = aws_sqs_queue.events.arn

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
}

check "event_kinds_are_known" {
  assert {
    condition     = var.event_kinds == null ? true : length(setsubtract(var.event_kinds, keys(local.all_event_rules))) == 0
    error_message = "event_kinds names a kind that has no rule in event_rules.tf."
  }
}
