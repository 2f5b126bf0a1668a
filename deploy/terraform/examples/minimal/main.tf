# Observe: events are recorded and announced, nothing is changed. About 12 USD a month.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 6.0.0"
    }
  }
}

provider "aws" {}

module "aiops_daemon" {
  source = "../.."
}

output "repository_url" {
  description = "Push the image here, then the service starts."
  value       = module.aiops_daemon.repository_url
}

output "topic_arn" {
  description = "Subscribe to it."
  value       = module.aiops_daemon.topic_arn
}
