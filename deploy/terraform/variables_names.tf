# Names that users of the old system know, and that the daemon defaults to.

variable "table_prefix" {
  description = "Tables are <prefix>incidents and <prefix>patterns."
  type        = string
  default     = "aiops-"
}

variable "queue_prefix" {
  description = "Queues are <prefix>events and <prefix>events-dlq."
  type        = string
  default     = "aiops-"
}
