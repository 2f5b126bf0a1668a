# The ECS service: tasks that any number of may run side by side.

locals {
  cluster_arn  = var.cluster_arn == null ? aws_ecs_cluster.this[0].arn : var.cluster_arn
  cluster_name = element(split("/", local.cluster_arn), length(split("/", local.cluster_arn)) - 1)

  # A daemon that may not act asks for nothing to be allowed; one that waits for humans lets nothing run by itself.
  ladder = {
    record  = {}
    observe = {}
    approve = { for action in local.actions : action => "approve" }
    auto    = var.autonomy
  }

  settings = merge(
    {
      AIOPS_MODE                          = local.acts ? "act" : "observe"
      AIOPS_INTAKE__QUEUE_NAME            = aws_sqs_queue.events.name
      AIOPS_INTAKE__QUEUE_URL             = aws_sqs_queue.events.url
      AIOPS_INTAKE__DEAD_LETTER_QUEUE_URL = aws_sqs_queue.dead_letters.url
      INCIDENT_TABLE                      = aws_dynamodb_table.incidents.name
      AIOPS_LOGWATCH__TABLE               = aws_dynamodb_table.patterns.name
      AIOPS_LOGWATCH__ENABLED             = tostring(var.log_watch != null)
      COOLDOWN_MINUTES                    = tostring(var.cooldown_minutes)
      CONFIDENCE_THRESHOLD                = tostring(var.confidence_threshold)
      AIOPS_POLICY__ALLOWED_ACTIONS       = jsonencode(sort(distinct(concat(local.actions, ["notify_only"]))))
      AIOPS_KILL_SWITCH_PARAMETER         = aws_ssm_parameter.kill_switch.name
      AIOPS_POLICY__PROTECTED             = jsonencode(concat(["ssm:parameter#${aws_ssm_parameter.kill_switch.name}"], var.protected_resources))
      AIOPS_POLICY__OWN_ROLES             = jsonencode([local.task_role_name, local.recovery_role_name])
    },
    local.rank >= 1 ? { SNS_TOPIC_ARN = local.topic_arn } : {},
    length(local.ladder[var.phase]) > 0 ? { AIOPS_POLICY__AUTONOMY = jsonencode(local.ladder[var.phase]) } : {},
    var.log_watch == null ? {} : {
      LOG_GROUPS        = join(",", var.log_watch.log_groups)
      ANOMALY_THRESHOLD = tostring(var.log_watch.anomaly_threshold)
    },
    var.model == null ? {} : { AIOPS_MODEL__PROVIDER = "bedrock", AIOPS_MODEL__NAME = var.model.id },
    local.recovers ? {
      AIOPS_ACTIONS__CODEBUILD_PROJECT = aws_codebuild_project.recovery[0].name
      AIOPS_ACTIONS__PLAN_BUCKET       = aws_s3_bucket.plans[0].id
    } : {},
    var.cross_account_role == null ? {} : { AIOPS_AWS__CROSS_ACCOUNT_ROLE = var.cross_account_role.name },
    var.environment,
  )

  # ECS ignores the image's HEALTHCHECK, so that it stands here again.
  health_check = "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=3)"

  container = {
    name                   = "daemon"
    image                  = local.image
    essential              = true
    command                = ["run"]
    readonlyRootFilesystem = true
    user                   = "10001:10001"
    stopTimeout            = 120
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    portMappings           = [{ name = "http", containerPort = 8080, protocol = "tcp" }]
    environment            = [for key in sort(keys(local.settings)) : { name = key, value = local.settings[key] }]
    secrets                = [for key in sort(keys(var.secrets)) : { name = key, valueFrom = var.secrets[key] }]
    mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
    healthCheck            = { command = ["CMD", "python", "-c", local.health_check], interval = 15, timeout = 5, retries = 3, startPeriod = 30 }
    ulimits                = [{ name = "nofile", softLimit = 4096, hardLimit = 8192 }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.daemon.name
        awslogs-region        = local.region
        awslogs-stream-prefix = "daemon"
        mode                  = "non-blocking" # a slow log service must not stop a recovery
        max-buffer-size       = "4m"
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "daemon" {
  name              = "/${var.name}/daemon"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key_arn
  tags              = local.tags
}

resource "aws_ecs_cluster" "this" {
  count = var.cluster_arn == null ? 1 : 0

  name = var.name
  tags = local.tags

  setting {
    name  = "containerInsights"
    value = "disabled" # the daemon reports for itself; Insights would cost more than the daemon
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  count = var.cluster_arn == null ? 1 : 0

  cluster_name       = aws_ecs_cluster.this[0].name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode([local.container])
  tags                     = local.tags

  runtime_platform {
    cpu_architecture        = var.architecture
    operating_system_family = "LINUX"
  }

  volume {
    name = "tmp"
  }
}

resource "aws_ecs_service" "this" {
  name                               = var.name
  cluster                            = local.cluster_arn
  task_definition                    = aws_ecs_task_definition.this.arn
  desired_count                      = var.desired_count
  availability_zone_rebalancing      = "ENABLED"
  deployment_minimum_healthy_percent = 50
  deployment_maximum_percent         = 200
  propagate_tags                     = "SERVICE"
  enable_ecs_managed_tags            = true
  tags                               = local.tags

  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = 1
    weight            = 100 - var.spot_weight
  }

  dynamic "capacity_provider_strategy" {
    for_each = var.spot_weight > 0 ? [var.spot_weight] : []

    content {
      capacity_provider = "FARGATE_SPOT"
      weight            = capacity_provider_strategy.value
    }
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = local.subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = local.assign_public_ip
  }

  lifecycle {
    ignore_changes = [desired_count] # autoscaling's
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this, aws_iam_role_policy.task]
}
