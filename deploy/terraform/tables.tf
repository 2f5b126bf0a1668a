# The tables exactly as the daemon expects them (aiops_daemon/bootstrap.py; a test compares the two).

locals {
  # Index to its hash and range key. open-index is sparse: it holds incidents that are due, and only those.
  incident_indexes = {
    resource-timestamp-index = ["resource_key", "incident_timestamp"]
    resource-type-index      = ["resource_type", "incident_timestamp"]
    workflow-state-index     = ["workflow_state", "incident_timestamp"]
    open-index               = ["open", "due_at"]
  }
}

resource "aws_dynamodb_table" "incidents" {
  name                        = "${var.table_prefix}incidents"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "incident_id"
  deletion_protection_enabled = var.deletion_protection
  tags                        = local.tags

  dynamic "attribute" {
    for_each = toset(concat(["incident_id"], flatten(values(local.incident_indexes))))

    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = local.incident_indexes

    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.value[0]
      range_key       = global_secondary_index.value[1]
      projection_type = "ALL"
    }
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.kms_key_arn
  }
}

resource "aws_dynamodb_table" "patterns" {
  name                        = "${var.table_prefix}patterns"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pattern_id"
  deletion_protection_enabled = var.deletion_protection
  tags                        = local.tags

  attribute {
    name = "pattern_id"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.kms_key_arn
  }
}
