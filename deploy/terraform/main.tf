# What the other files share. Each file makes one concern: events.tf, queue.tf, tables.tf, service.tf ...

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  tags      = merge({ Application = var.name, ManagedBy = "terraform" }, var.tags)

  # The names that the daemon's policy knows as its own: a call by these roles is linked to its incident, never a new one.
  task_role_name      = "${var.name}-task-role"
  execution_role_name = "${var.name}-execution-role"
  recovery_role_name  = "${var.name}-codebuild-role"

  phases   = { record = 0, observe = 1, approve = 2, auto = 3 }
  rank     = local.phases[var.phase]
  acts     = local.rank >= 2
  recovers = local.acts && var.recovery != null
}
