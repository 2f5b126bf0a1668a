# One rule per kind of event, filtered as far as a pattern can: an event that never leaves EventBridge costs nothing.

locals {
  all_event_rules = {
    api-calls = {
      description = "API calls that change something, refused ones included"
      pattern = {
        detail-type = ["AWS API Call via CloudTrail"]
        detail      = { eventName = [for prefix in var.call_prefixes : { prefix = prefix }] }
      }
    }
    sign-ins = {
      description = "Console sign-ins (in us-east-1, and where the user signed in)"
      pattern     = { detail-type = ["AWS Console Sign In via CloudTrail"] }
    }
    service-events = {
      description = "What services do by themselves: key deletions, certificate expiry"
      pattern     = { detail-type = ["AWS Service Event via CloudTrail"] }
    }
    ec2-instances = {
      description = "Instances that stop or end"
      pattern = {
        source      = ["aws.ec2"]
        detail-type = ["EC2 Instance State-change Notification"]
        detail      = { state = ["stopping", "stopped", "shutting-down", "terminated"] }
      }
    }
    ec2-spot = {
      description = "Spot interruptions and their forerunners"
      pattern = {
        source      = ["aws.ec2"]
        detail-type = ["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"]
      }
    }
    ec2-images = {
      description = "Images that fail or vanish"
      pattern     = { source = ["aws.ec2"], detail-type = ["EC2 AMI State Change"], detail = { State = ["failed", "deregistered", "disabled"] } }
    }
    ebs = {
      description = "Volumes and snapshots: lost, failed, shared"
      pattern = {
        source      = ["aws.ec2"]
        detail-type = ["EBS Volume Notification", "EBS Snapshot Notification", "EBS Multi-Volume Snapshots Completion Status"]
      }
    }
    autoscaling = {
      description = "Auto Scaling: what it ended, what it could not start"
      pattern = {
        source = ["aws.autoscaling"]
        detail-type = [
          "EC2 Instance Terminate Successful", "EC2 Instance Terminate Unsuccessful", "EC2 Instance Launch Unsuccessful",
          "EC2 Auto Scaling Instance Refresh Failed", "EC2 Auto Scaling Instance Refresh Cancelled",
        ]
      }
    }
    rds = {
      description = "Databases: failure, deletion, stop, failover, space"
      pattern = {
        source = ["aws.rds"]
        detail = { EventCategories = ["availability", "deletion", "failover", "failure", "low storage", "notification", "recovery"] }
      }
    }
    ecs-services = {
      description = "Services that cannot place or keep tasks, deployments that failed"
      pattern = {
        source      = ["aws.ecs"]
        detail-type = ["ECS Service Action", "ECS Deployment State Change"]
        detail      = { eventType = ["WARN", "ERROR"] }
      }
    }
    ecs-tasks = {
      description = "Tasks that ended, but not on request of a user or the scheduler"
      pattern = {
        source      = ["aws.ecs"]
        detail-type = ["ECS Task State Change"]
        detail      = { lastStatus = ["STOPPED"], stopCode = [{ anything-but = ["ServiceSchedulerInitiated", "UserInitiated"] }] }
      }
    }
    alarms = {
      description = "CloudWatch alarms; OK as well, since it ends an incident"
      pattern = {
        source      = ["aws.cloudwatch"]
        detail-type = ["CloudWatch Alarm State Change"]
        detail      = { state = { value = ["ALARM", "OK"] } }
      }
    }
    guardduty = {
      description = "GuardDuty findings"
      pattern = {
        source      = ["aws.guardduty"]
        detail-type = ["GuardDuty Finding"]
        detail      = { severity = [{ numeric = [">=", var.guardduty_minimum_severity] }] }
      }
    }
    securityhub = {
      description = "Security Hub findings of high severity"
      pattern = {
        source      = ["aws.securityhub"]
        detail-type = ["Security Hub Findings - Imported"]
        detail      = { findings = { Severity = { Label = ["HIGH", "CRITICAL"] }, Workflow = { Status = ["NEW"] } } }
      }
    }
    health = {
      description = "AWS Health: issues and scheduled changes"
      pattern = {
        source      = ["aws.health"]
        detail-type = ["AWS Health Event"]
        detail      = { eventTypeCategory = ["issue", "scheduledChange"] }
      }
    }
    config = {
      description = "Config rules that are broken"
      pattern = {
        source      = ["aws.config"]
        detail-type = ["Config Rules Compliance Change"]
        detail      = { newEvaluationResult = { complianceType = ["NON_COMPLIANT"] } }
      }
    }
    parameters = {
      description = "Parameter Store: changed or deleted parameters"
      pattern = {
        source      = ["aws.ssm"]
        detail-type = ["Parameter Store Change"]
        detail      = { operation = ["Update", "Delete"] }
      }
    }
    cloudformation = {
      description = "Stacks that failed or rolled back"
      pattern = {
        source      = ["aws.cloudformation"]
        detail-type = ["CloudFormation Stack Status Change"]
        detail      = { status-details = { status = [{ suffix = "_FAILED" }, { suffix = "ROLLBACK_COMPLETE" }] } }
      }
    }
    step-functions = {
      description = "Executions that did not end well"
      pattern = {
        source      = ["aws.states"]
        detail-type = ["Step Functions Execution Status Change"]
        detail      = { status = ["FAILED", "TIMED_OUT", "ABORTED"] }
      }
    }
    builds = {
      description = "CodeBuild builds that failed"
      pattern = {
        source      = ["aws.codebuild"]
        detail-type = ["CodeBuild Build State Change"]
        detail      = { build-status = ["FAILED", "FAULT", "TIMED_OUT"] }
      }
    }
    pipelines = {
      description = "CodePipeline executions that failed"
      pattern = {
        source      = ["aws.codepipeline"]
        detail-type = ["CodePipeline Pipeline Execution State Change"]
        detail      = { state = ["FAILED"] }
      }
    }
    jobs = {
      description = "Glue and Batch jobs that failed"
      pattern = {
        source      = ["aws.glue", "aws.batch"]
        detail-type = ["Glue Job State Change", "Batch Job State Change"]
        detail      = { "$or" = [{ state = ["FAILED", "TIMEOUT"] }, { status = ["FAILED"] }] }
      }
    }
    deployments = {
      description = "CodeDeploy deployments that failed or were stopped"
      pattern     = { source = ["aws.codedeploy"], detail = { state = ["FAILURE", "STOP"] } }
    }
    backups = {
      description = "Backup and restore jobs that did not complete"
      pattern = {
        source = ["aws.backup"]
        detail = { "$or" = [{ state = ["ABORTED", "EXPIRED", "FAILED", "PARTIAL"] }, { status = ["ABORTED", "EXPIRED", "FAILED"] }] }
      }
    }
    certificates = {
      description = "Certificates about to expire or not renewed"
      pattern     = { source = ["aws.acm"] }
    }
    caches = {
      description = "ElastiCache and DMS"
      pattern     = { source = ["aws.elasticache", "aws.dms"] }
    }
    secrets = {
      description = "Secrets Manager's own reports (rotation)"
      pattern     = { source = ["aws.secretsmanager"] }
    }
    exposure = {
      description = "Inspector, Macie and IAM Access Analyzer findings"
      pattern     = { source = ["aws.inspector2", "aws.macie", "aws.access-analyzer"] }
    }
    canaries = {
      description = "Synthetics canaries that fail"
      pattern     = { source = ["aws.synthetics"], detail-type = ["Synthetics Canary TestRun Failure"] }
    }
  }

  event_rules = { for kind, rule in local.all_event_rules : kind => rule if var.event_kinds == null ? true : contains(var.event_kinds, kind) }
}
