#!/usr/bin/env python3
"""Stands for the AWS command line in a build: what buildspec.yml and recover.py ask of it, against AWS_ENDPOINT_URL."""

import sys
from pathlib import Path

from botocore.session import get_session


def main(words: list[str]) -> int:
    service, operation, *rest = words
    s3 = get_session().create_client("s3")
    if (service, operation) == ("s3", "cp"):
        bucket, _, key = rest[-2].removeprefix("s3://").partition("/")
        Path(rest[-1]).write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return 0
    assert service == "s3api", words
    options = dict(zip(rest[::2], rest[1::2], strict=False))
    if operation == "put-object":
        body = Path(options["--body"]).read_bytes()
        stored = s3.put_object(Bucket=options["--bucket"], Key=options["--key"], Body=body)
        assert options["--query"] == "VersionId", words
        sys.stdout.write(f"{stored.get('VersionId')}\n")
        return 0
    assert operation == "get-object", words
    found = s3.get_object(Bucket=options["--bucket"], Key=options["--key"], VersionId=options["--version-id"])
    Path(words[-1]).write_bytes(found["Body"].read())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
