# The CodeBuild project that puts back, by your own Terraform, what an incident lost: one build plans, the daemon reads the plan, a second
# build applies exactly that one. One build at a time: one state, one lock.

resource "aws_s3_bucket" "plans" {
  count = var.recovery == null ? 0 : 1

  # checkov:skip=CKV2_AWS_62:nobody has to hear of a plan file; the daemon knows its build
  # checkov:skip=CKV_AWS_18:CloudTrail data events say more than access logs, and are the account's decision
  # checkov:skip=CKV_AWS_144:plan files live a week and belong to one region's incidents
  bucket        = "${var.name}-plans-${local.account}-${local.region}"
  force_destroy = !var.deletion_protection
  tags          = local.tags
}

resource "aws_s3_bucket_public_access_block" "plans" {
  count = var.recovery == null ? 0 : 1

  bucket                  = aws_s3_bucket.plans[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "plans" {
  count = var.recovery == null ? 0 : 1

  bucket = aws_s3_bucket.plans[0].id

  rule {
    bucket_key_enabled = local.encrypted

    apply_server_side_encryption_by_default {
      sse_algorithm     = local.encrypted ? "aws:kms" : "AES256"
      kms_master_key_id = local.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "plans" {
  count = var.recovery == null ? 0 : 1

  bucket = aws_s3_bucket.plans[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "plans" {
  count = var.recovery == null ? 0 : 1

  bucket     = aws_s3_bucket.plans[0].id
  depends_on = [aws_s3_bucket_versioning.plans]

  rule {
    id     = "plans-are-short-lived" # they hold secrets
    status = "Enabled"

    filter {
      prefix = "plans/"
    }

    expiration {
      days = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

  }

  rule {
    id     = "half-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "plans" {
  count = var.recovery == null ? 0 : 1

  statement {
    sid       = "NothingInTheClear"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.plans[0].arn, "${aws_s3_bucket.plans[0].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "plans" {
  count = var.recovery == null ? 0 : 1

  bucket = aws_s3_bucket.plans[0].id
  policy = data.aws_iam_policy_document.plans[0].json
}

resource "aws_s3_object" "recover" {
  count = var.recovery == null ? 0 : 1

  bucket = aws_s3_bucket.plans[0].id
  key    = "tools/recover.py"
  source = "${path.module}/recovery/recover.py"
  etag   = local.encrypted ? null : filemd5("${path.module}/recovery/recover.py")

  depends_on = [aws_s3_bucket_versioning.plans]
}

resource "aws_cloudwatch_log_group" "recovery" {
  count = var.recovery == null ? 0 : 1

  name              = "/${var.name}/recovery"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key_arn
  tags              = local.tags
}

resource "aws_codebuild_project" "recovery" {
  count = var.recovery == null ? 0 : 1

  name                   = "${var.name}-recovery"
  description            = "Puts back by Terraform what an incident lost: a plan for the daemon to read, then apply of that saved plan"
  service_role           = aws_iam_role.recovery[0].arn
  build_timeout          = 30
  queued_timeout         = 60
  concurrent_build_limit = 1
  source_version         = var.recovery.source_type == "S3" ? null : var.recovery.source_version
  encryption_key         = local.kms_key_arn
  tags                   = local.tags

  source {
    type            = var.recovery.source_type
    location        = var.recovery.source_location
    git_clone_depth = var.recovery.source_type == "S3" ? null : 1
    buildspec       = file("${path.module}/recovery/buildspec.yml")
  }

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    type         = "LINUX_CONTAINER"
    compute_type = "BUILD_GENERAL1_SMALL"
    image        = "aws/codebuild/standard:7.0"

    dynamic "environment_variable" {
      for_each = {
        PLAN_BUCKET       = aws_s3_bucket.plans[0].id
        TF_VERSION        = var.recovery.terraform_version
        TF_SHA256         = var.recovery.terraform_sha256
        WORKING_DIRECTORY = var.recovery.working_directory
        MODE              = "plan" # what a build without an override does changes nothing
      }

      content {
        name  = environment_variable.key
        value = environment_variable.value
      }
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.recovery[0].name
    }
  }
}
