# What every installation looks at. Networking, service and event settings stand in variables_*.tf.

variable "name" {
  description = "Prefix of everything that is made. Two installations in one account and region need two names."
  type        = string
  default     = "aiops-daemon"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,31}$", var.name))
    error_message = "name: 3 to 32 characters, lower-case letters, digits and dashes, a letter first."
  }
}

variable "phase" {
  description = "How far the daemon may go, in the order in which a careful team turns it on: record (writes down, tells nobody, may change nothing), observe (also announces what it would do), approve (acts after a human said yes), auto (acts by the autonomy ladder)."
  type        = string
  default     = "observe"

  validation {
    condition     = contains(["record", "observe", "approve", "auto"], var.phase)
    error_message = "phase: record, observe, approve or auto."
  }
}

variable "enabled_actions" {
  description = "Ids of the actions that the daemon may run from phase approve on (see permissions.json); the task role gets the permissions of these and no others. null: all of them."
  type        = list(string)
  default     = null

  validation {
    condition     = var.enabled_actions == null ? true : length(setsubtract(var.enabled_actions, keys(jsondecode(file("${path.module}/permissions.json")).actions))) == 0
    error_message = "enabled_actions: only ids that stand in permissions.json."
  }
}

variable "autonomy" {
  description = "Action id, or action@resource type, to the most it may do by itself in phase auto: observe, suggest, approve, auto. {} keeps the ladder that the daemon ships with."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for level in values(var.autonomy) : contains(["observe", "suggest", "approve", "auto"], level)])
    error_message = "autonomy: each level is observe, suggest, approve or auto."
  }
}

variable "protected_resources" {
  description = "Resource keys (type#id, globs) that are never acted on without a human."
  type        = list(string)
  default     = []
}

variable "cooldown_minutes" {
  description = "Minutes between two recoveries of one resource."
  type        = number
  default     = 5

  validation {
    condition     = var.cooldown_minutes > 0
    error_message = "cooldown_minutes: more than 0."
  }
}

variable "confidence_threshold" {
  description = "A verdict below this confidence goes to a human."
  type        = number
  default     = 0.8

  validation {
    condition     = var.confidence_threshold >= 0 && var.confidence_threshold <= 1
    error_message = "confidence_threshold: between 0 and 1."
  }
}

variable "log_watch" {
  description = "The five-minute log watch: which log groups it reads (names, prefixes ending in *) and from how many standard deviations it alerts. null: off."
  type = object({
    log_groups        = list(string)
    anomaly_threshold = optional(number, 3.5)
  })
  default = null

  validation {
    condition     = var.log_watch == null ? true : length(var.log_watch.log_groups) > 0
    error_message = "log_watch: at least one log group, or null."
  }
}

variable "model" {
  description = "The model on Amazon Bedrock that refines the rules' verdict: its id, and the ARNs of the foundation models and inference profiles that it may call. null: rules only."
  type = object({
    id         = string
    model_arns = list(string)
  })
  default = null
}

variable "environment" {
  description = "Further settings of the daemon as environment variables (AIOPS_...). No secrets: those go to `secrets`."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Environment variable to the ARN of a Secrets Manager secret or SSM parameter (a Slack address, a PagerDuty key). The daemon gets the value, Terraform never sees it."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:[^:]+:(secretsmanager|ssm):", arn))])
    error_message = "secrets: ARNs of Secrets Manager secrets or SSM parameters."
  }
}

variable "sns_topic_arn" {
  description = "An SNS topic of yours for announcements and alarms; its policy has to admit the task role, cloudwatch and events. null: one is made."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "A KMS key of yours for queue, tables, topic, logs and plan files; its policy has to admit events, logs, sns and cloudwatch. null: see create_kms_key."
  type        = string
  default     = null
}

variable "create_kms_key" {
  description = "Make a customer-managed key (1 USD a month and the requests). false: AWS-owned keys, except for the log groups and plan files, which use the services' own."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Protect the tables, and keep the buckets and repository that are not empty, from terraform destroy."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags on everything."
  type        = map(string)
  default     = {}
}
