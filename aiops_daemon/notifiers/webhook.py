"""Any address that takes JSON. The body is the notice itself; a receiver checks the signature and drops ids that it knows."""

import hashlib
import hmac
import json

from pydantic import SecretStr

from aiops_daemon.model.notice import Notice
from aiops_daemon.notifiers.posting import post

SIGNATURE = "X-Aiops-Signature-256"  # sha256=<hex HMAC-SHA256 of the body with webhook_secret>


def sign(body: bytes, secret: SecretStr) -> str:
    """The value of the signature header."""
    return "sha256=" + hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()


class WebhookNotifier:
    """`Idempotency-Key` is the notice's id: delivery is at least once."""

    name = "webhook"

    def __init__(self, url: SecretStr, secret: SecretStr | None, limit_seconds: float) -> None:
        self._url = url
        self._secret = secret
        self._limit = limit_seconds

    async def deliver(self, notice: Notice) -> None:
        body = json.dumps({"version": 1, "notice": notice.model_dump(mode="json")}).encode()
        headers = {"Idempotency-Key": notice.notice_id}
        if self._secret is not None:
            headers[SIGNATURE] = sign(body, self._secret)
        await post(self.name, self._url.get_secret_value(), body, self._limit, headers)
