"""What tests put into the embedded AWS."""

from typing import Any

from aiops_daemon.aws.session import AwsSession


async def a_project(aws: AwsSession) -> None:
    """Where recovery builds run, and the bucket of their plans."""
    codebuild = await aws.client("codebuild")
    await codebuild.create_project(
        name="recovery",
        source={"type": "S3", "location": "infra/recovery.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "PLAN_BUCKET", "value": "plans"}],
        },
        serviceRole="arn:aws:iam::123456789012:role/recovery",
    )
    s3 = await aws.client("s3")
    await s3.create_bucket(Bucket="plans")
    await s3.put_bucket_versioning(Bucket="plans", VersioningConfiguration={"Status": "Enabled"})


async def a_database(aws: AwsSession) -> Any:
    """`orders`, in the smallest class of the ladders; the client that made it."""
    rds = await aws.client("rds")
    await rds.create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.t3.medium", Engine="postgres", AllocatedStorage=20,
        MasterUsername="admin", MasterUserPassword="not-a-secret-1",
    )  # fmt: skip
    return rds


async def class_of(rds: Any) -> str:
    return str((await rds.describe_db_instances(DBInstanceIdentifier="orders"))["DBInstances"][0]["DBInstanceClass"])
