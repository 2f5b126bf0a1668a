# A VPC for who has none: two public subnets, no NAT, gateway endpoints (free) for DynamoDB and S3.

locals {
  make_network     = var.network == null
  vpc_id           = local.make_network ? aws_vpc.this[0].id : var.network.vpc_id
  subnet_ids       = local.make_network ? aws_subnet.public[*].id : var.network.subnet_ids
  assign_public_ip = local.make_network ? true : var.network.assign_public_ip
}

data "aws_availability_zones" "available" {
  count = local.make_network ? 1 : 0

  state = "available"
}

resource "aws_vpc" "this" {
  count = local.make_network ? 1 : 0

  # checkov:skip=CKV2_AWS_11:only the daemon lives here; flow logs would cost more than it does. Bring your own VPC where they are a rule
  cidr_block           = var.vpc_cidr
  enable_dns_hostnames = true
  tags                 = merge(local.tags, { Name = var.name })
}

resource "aws_default_security_group" "this" {
  count = local.make_network ? 1 : 0

  vpc_id = aws_vpc.this[0].id # no rules: what forgets its security group talks to nobody
  tags   = merge(local.tags, { Name = "${var.name}-default-closed" })
}

resource "aws_internet_gateway" "this" {
  count = local.make_network ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = merge(local.tags, { Name = var.name })
}

resource "aws_subnet" "public" {
  count = local.make_network ? 2 : 0

  vpc_id            = aws_vpc.this[0].id
  cidr_block        = cidrsubnet(var.vpc_cidr, 2, count.index)
  availability_zone = data.aws_availability_zones.available[0].names[count.index]
  tags              = merge(local.tags, { Name = "${var.name}-public-${count.index}" })
}

resource "aws_route_table" "public" {
  count = local.make_network ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = merge(local.tags, { Name = "${var.name}-public" })
}

resource "aws_route" "internet" {
  count = local.make_network ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  count = local.make_network ? 2 : 0

  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = local.make_network ? toset(["dynamodb", "s3"]) : toset([])

  vpc_id            = aws_vpc.this[0].id
  service_name      = "com.amazonaws.${local.region}.${each.value}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.public[0].id]
  tags              = merge(local.tags, { Name = "${var.name}-${each.value}" })
}

resource "aws_security_group" "task" {
  name        = "${var.name}-task"
  description = "The daemon: out to AWS by HTTPS, in for the scraper only"
  vpc_id      = local.vpc_id
  tags        = merge(local.tags, { Name = "${var.name}-task" })
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.task.id
  description       = "AWS and webhooks"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "scrape" {
  for_each = toset(var.scrape_from)

  security_group_id = aws_security_group.task.id
  description       = "Prometheus"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 8080
  to_port           = 8080
  tags              = local.tags
}
