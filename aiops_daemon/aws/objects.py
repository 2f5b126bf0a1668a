"""Reading one version of an S3 object."""

from typing import Any

from aiohttp import ClientError

from aiops_daemon.aws.errors import translated
from aiops_daemon.model.errors import RetryLater


async def read_object(s3: Any, bucket: str, key: str, version: str, most_bytes: int) -> bytes | None:
    """None where it is bigger than `most_bytes`. A body that breaks off may be read again."""
    answer = await s3.get_object(Bucket=bucket, Key=key, VersionId=version)
    if answer["ContentLength"] > most_bytes:
        return None
    try:
        with translated("s3 GetObject"):
            content: bytes = await answer["Body"].read()
    except ClientError as error:
        raise RetryLater(f"s3 GetObject: {error}") from error
    return content
