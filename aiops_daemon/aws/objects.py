"""Reading one version of an S3 object."""

from typing import Any

from aiops_daemon.aws.errors import translated


async def read_object(s3: Any, bucket: str, key: str, version: str, most_bytes: int) -> bytes | None:
    """None where it is bigger than `most_bytes`. A body that breaks off may be read again."""
    answer = await s3.get_object(Bucket=bucket, Key=key, VersionId=version)
    if answer["ContentLength"] > most_bytes:
        return None
    with translated("s3 GetObject"):
        content: bytes = await answer["Body"].read()
    return content
