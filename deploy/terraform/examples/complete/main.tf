# Everything on: acts by the ladder, recovers by Terraform, watches logs, asks a model, listens to two member accounts.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 6.0.0"
    }
  }
}

provider "aws" {
  max_retries = var.max_retries
}

variable "max_retries" {
  description = "Of the provider; the tests lower it, because a call that a stand-in lacks would look like a hang."
  type        = number
  default     = 25
}

variable "phase" {
  description = "record, observe, approve, auto: a careful team turns them on one after the other."
  type        = string
  default     = "auto"
}

variable "state_bucket_arn" {
  description = "The bucket that keeps the state of the infrastructure to recover."
  type        = string
  default     = "arn:aws:s3:::example-terraform-state"
}

variable "recovery_policy_arns" {
  description = "What your Terraform may touch."
  type        = list(string)
  default     = ["arn:aws:iam::aws:policy/AmazonEC2FullAccess"]
}

module "aiops_daemon" {
  source = "../.."

  phase               = var.phase
  protected_resources = ["rds:db#billing-*", "s3:bucket#audit-*"]

  autonomy = {
    "ec2.start"                 = "auto"
    "codebuild.terraform_apply" = "approve"
  }

  log_watch = {
    log_groups        = ["/aws/lambda/checkout", "/ecs/*"]
    anomaly_threshold = 3.5
  }

  model = {
    id = "anthropic.claude-3-5-haiku-20241022-v1:0"
    model_arns = [
      "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-5-haiku-20241022-v1:0",
    ]
  }

  recovery = {
    source_type       = "GITHUB"
    source_location   = "https://github.com/example/infrastructure.git"
    source_version    = "main"
    working_directory = "live/production"
    state_bucket_arn  = var.state_bucket_arn
    policy_arns       = var.recovery_policy_arns
    terraform_sha256  = "0000000000000000000000000000000000000000000000000000000000000000" # as published with the release
  }

  event_source_accounts = ["111111111111", "222222222222"]

  cross_account_role = {
    name     = "aiops-daemon-member"
    accounts = ["111111111111", "222222222222"]
  }

  secrets = {
    AIOPS_NOTIFIERS__SLACK_WEBHOOK_URL = "arn:aws:secretsmanager:us-east-1:123456789012:secret:aiops/slack-AbCdEf"
  }

  create_kms_key      = true
  deletion_protection = false # an example is there to be destroyed again
  spot_weight         = 80
  scrape_from         = ["10.83.0.0/24"]
  tags                = { Environment = "example", Owner = "platform" }
}

output "queue_url" {
  description = "Put a drill on it."
  value       = module.aiops_daemon.queue_url
}

output "environment" {
  description = "The daemon's settings."
  value       = module.aiops_daemon.environment
}

output "recovery_project" {
  description = "The CodeBuild project."
  value       = module.aiops_daemon.recovery_project
}

output "rule_count" {
  description = "Rules on all buses."
  value       = module.aiops_daemon.rule_count
}
