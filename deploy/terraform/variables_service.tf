# The task, its network and its image.

variable "image" {
  description = "Container image with tag or digest. null: the newest `image_tag` of the repository that the module makes."
  type        = string
  default     = null
}

variable "image_tag" {
  description = "Tag in the module's own repository, when `image` is null. Tags are immutable: a release has its own."
  type        = string
  default     = "0.1.0"
}

variable "architecture" {
  description = "ARM64 is 20 % cheaper than X86_64; the image has to be built for it."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "architecture: ARM64 or X86_64."
  }
}

variable "cpu" {
  description = "CPU units of a task (256 = a quarter of a core): an event costs a few milliseconds, so the smallest is enough."
  type        = number
  default     = 256
}

variable "memory" {
  description = "MiB of a task."
  type        = number
  default     = 512
}

variable "desired_count" {
  description = "Tasks. Two, so that one may be lost: leases and claims let any number work side by side."
  type        = number
  default     = 2

  validation {
    condition     = var.desired_count >= 0 && var.desired_count <= 20
    error_message = "desired_count: 0 to 20."
  }
}

variable "max_count" {
  description = "Tasks that autoscaling may go up to when the oldest message grows old."
  type        = number
  default     = 6

  validation {
    condition     = var.max_count >= var.desired_count
    error_message = "max_count: at least desired_count."
  }
}

variable "spot_weight" {
  description = "Share of tasks on Fargate Spot beside one on-demand task, 0 to 100. An interrupted task hands its incidents on in 30 seconds. 0: on demand only."
  type        = number
  default     = 0

  validation {
    condition     = var.spot_weight >= 0 && var.spot_weight <= 100
    error_message = "spot_weight: 0 to 100."
  }
}

variable "cluster_arn" {
  description = "An ECS cluster of yours (with the FARGATE capacity providers). null: one is made."
  type        = string
  default     = null
}

variable "network" {
  description = "VPC and subnets of yours, and whether a task needs a public address to reach AWS (public subnets without NAT). null: a VPC with two public subnets is made, without NAT and without anything that costs by the hour."
  type = object({
    vpc_id           = string
    subnet_ids       = list(string)
    assign_public_ip = optional(bool, false)
  })
  default = null
}

variable "vpc_cidr" {
  description = "Address range of the VPC that is made."
  type        = string
  default     = "10.83.0.0/24"
}

variable "scrape_from" {
  description = "CIDR ranges that may reach port 8080 (/metrics, /healthz, /readyz). []: nobody, the health check is inside the task."
  type        = list(string)
  default     = []
}

variable "log_retention_days" {
  description = "How long the daemon's and the recovery builds' logs are kept: a year of a quiet daemon's lines costs cents."
  type        = number
  default     = 365
}

variable "cross_account_role" {
  description = "Name of a role in member accounts that the daemon may assume to act there, with the accounts. null: it acts in its own account only."
  type = object({
    name     = string
    accounts = list(string)
  })
  default = null
}

variable "recovery" {
  description = "The CodeBuild project that runs your Terraform repository: source (as CodeBuild names it), folder of the root module, bucket of its S3 state, policies for what it may touch, and its Terraform version with the SHA-256 of its Linux zip. null: no such project."
  type = object({
    source_type       = string
    source_location   = string
    source_version    = optional(string, "main")
    working_directory = optional(string, ".")
    state_bucket_arn  = string
    policy_arns       = list(string)
    terraform_version = optional(string, "1.11.4")
    terraform_sha256  = string
  })
  default = null

  validation {
    condition     = var.recovery == null ? true : contains(["GITHUB", "GITLAB", "BITBUCKET", "CODECOMMIT", "S3"], var.recovery.source_type)
    error_message = "recovery.source_type: GITHUB, GITLAB, BITBUCKET, CODECOMMIT or S3."
  }

  validation {
    condition     = var.recovery == null ? true : can(regex("^[A-Za-z0-9._/-]+$", var.recovery.working_directory)) && !strcontains(var.recovery.working_directory, "..")
    error_message = "recovery.working_directory: a relative folder without '..'."
  }

  validation {
    condition     = var.recovery == null ? true : can(regex("^[0-9a-f]{64}$", var.recovery.terraform_sha256))
    error_message = "recovery.terraform_sha256: the SHA-256 of the zip, as published with the release."
  }
}
