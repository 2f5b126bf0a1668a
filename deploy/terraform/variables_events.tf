# Which events reach the daemon.

variable "event_kinds" {
  description = "Kinds of event that get a rule (keys of local.event_rules in event_rules.tf). null: all of them."
  type        = list(string)
  default     = null

  validation {
    condition     = var.event_kinds == null ? true : length(var.event_kinds) > 0
    error_message = "event_kinds: at least one, or null for all."
  }
}

variable "event_bus_names" {
  description = "Buses of this account that the rules are made on. AWS services report on `default`."
  type        = list(string)
  default     = ["default"]
}

variable "event_source_accounts" {
  description = "Other accounts that may send their events here: a bus of its own is made for them, with a policy and the same rules."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for account in var.event_source_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "event_source_accounts: account numbers of 12 digits."
  }
}

variable "call_prefixes" {
  description = "API calls (CloudTrail) whose name begins so are read. A call that only reads never is."
  type        = list(string)
  default = [
    "Abort", "Add", "ArchiveFindings", "Associate", "Attach", "Authorize", "BatchDelete", "BatchDisable", "BatchDisassociate", "Cancel",
    "Change", "Close", "Create", "Deactivate", "Deauthorize", "Delete", "Deregister", "Detach", "Disable", "Disassociate", "Disconnect",
    "Dissociate", "Drop", "Failover", "Grant", "Leave", "Modify", "Pause", "Purge", "Put", "Reboot", "RegisterDelegatedAdministrator",
    "Release", "Remove", "Replace", "Reset", "Restore", "Revoke", "Schedule", "Set", "Share", "Shutdown", "Stop", "Suspend", "Terminate",
    "TransferDomain", "Unlock", "Update", "Upload", "Withdraw",
  ]
}

variable "guardduty_minimum_severity" {
  description = "GuardDuty findings from this severity on (0 to 10; 4 is medium)."
  type        = number
  default     = 4
}

variable "alarm_thresholds" {
  description = "When the daemon's own alarms ring: age of the oldest message in seconds, minutes without a poll, failed recoveries in an hour."
  type = object({
    queue_age_seconds = optional(number, 300)
    silent_minutes    = optional(number, 10)
    failed_recoveries = optional(number, 3)
  })
  default = {}
}
