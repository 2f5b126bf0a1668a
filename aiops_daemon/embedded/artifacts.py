"""Where a build leaves its plan for the next one: the project's bucket, by version. What comes back has to be what was pinned."""

import hashlib
from typing import Any, NamedTuple

PLAN_FILE, JSON_FILE = "recovery.tfplan", "plan.json"


class Kept(NamedTuple):
    """One version of one file."""

    version: str
    sha256: str


class Mismatch(Exception):
    """The saved plan is not the one that was read."""


class Artifacts:
    """Those of one incident."""

    def __init__(self, bucket: str, incident_id: str) -> None:
        from botocore.session import get_session

        self._s3: Any = get_session().create_client("s3")
        self._bucket = bucket
        self._folder = f"plans/{incident_id}"

    def keep(self, name: str, content: bytes) -> Kept:
        """Store a new version."""
        stored = self._s3.put_object(Bucket=self._bucket, Key=f"{self._folder}/{name}", Body=content)
        return Kept(stored["VersionId"], digest(content))

    def fetch(self, name: str, pinned: Kept) -> bytes:
        """Raise Mismatch where the version does not hold what it should."""
        content: bytes = self._s3.get_object(Bucket=self._bucket, Key=f"{self._folder}/{name}", VersionId=pinned.version)["Body"].read()
        if digest(content) != pinned.sha256:
            raise Mismatch(f"{name} of version {pinned.version} is not the one that was pinned")
        return content


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
