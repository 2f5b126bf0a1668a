"""One aioboto3 session and one client per service, region and account for the whole process.

A new session and client cost 100 ms of CPU and several MB; a shared one 4 ms. The client is wrapped so that every call raises the
errors of model.errors. Endpoints (AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>), credentials and region come from botocore's own
chain. aioboto3 is imported on first use: `--help` must not pay half a second for it.
"""

import asyncio
import gc
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from aiops_daemon import __version__
from aiops_daemon.aws.errors import FOREIGN, translate
from aiops_daemon.model.errors import ConfigurationError, NotPermitted


class AwsSettings(BaseModel):
    """How to reach AWS."""

    model_config = ConfigDict(extra="forbid")

    region: str | None = Field(None, description="Region of the daemon's own queue and tables; botocore's own chain where unset.")
    connect_timeout_seconds: float = Field(5, gt=0, description="Give up on a connection after this long.")
    read_timeout_seconds: float = Field(30, gt=20, description="Above the 20 s of an SQS long poll, or every quiet poll is an error.")
    max_attempts: int = Field(3, ge=1, le=10, description="Tries per call inside botocore (mode standard); tenacity retries above that.")
    max_pool_connections: int = Field(50, ge=10, description="More than long polls + workers, or deletes wait behind polls.")
    cross_account_role: str | None = Field(
        None, description="Role name to assume in another account; unset: other accounts are never touched."
    )


_USER_AGENT = f"aiops-daemon/{__version__}"  # fixed: botocore otherwise puts it together twice per call, 6 % of a call's CPU
_CHECKED_BY_US = frozenset({"dynamodb"})  # aws/table.py makes every parameter from typed values: botocore's look costs 6 % of a call
Observer = Callable[[str, str, str, float], None]  # service, operation, result (ok or the error's class), seconds


class Client:
    """A thin proxy: `await client.describe_instances(...)` raises model.errors and tells the observer."""

    def __init__(self, raw: Any, service: str, session: "AwsSession") -> None:
        self.raw = raw
        self._service = service
        self._session = session

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.raw, name)
        if not callable(method) or name in {"get_paginator", "can_paginate", "generate_presigned_url", "close"}:
            return method
        service = self._service

        async def call(**parameters: Any) -> Any:
            started = time.perf_counter()
            result = "cancelled"
            try:
                answer = await method(**parameters)
            except FOREIGN as error:
                table = parameters.get("TableName")  # the answer to a table that is missing does not name it
                ours = translate(error, f"{service} {name} {table}" if table else f"{service} {name}")
                result = type(ours).__name__
                raise ours from error
            except Exception as error:
                result = type(error).__name__
                raise
            else:
                result = "ok"
                return answer
            finally:
                self._session.observer(service, name, result, time.perf_counter() - started)

        self.__dict__[name] = call  # the next look-up skips this
        return call


class AwsSession:
    """Implements ports.AwsClients. An async context manager: it owns the clients that it made.

    `frozen` is for a process that lives as long as its session. The service models are some 140,000 objects, and each full collection
    walked all of them: 95 ms in which the event loop stood still, a tenth of an incident's CPU in all. What is there when a client has
    been made is left out of collections from then on (it still goes when nobody refers to it).
    """

    def __init__(self, settings: AwsSettings | None = None, *, frozen: bool = False) -> None:
        self._settings = settings or AwsSettings()
        self._frozen = frozen
        self._stack = AsyncExitStack()
        self._session: Any = None
        self._account: str | None = None
        self._clients: dict[tuple[str, str | None, str | None, str, bool], Client] = {}
        self._lock = asyncio.Lock()
        self.observer: Observer = lambda *_: None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._clients.clear()
        await self._stack.aclose()
        if self._frozen:
            gc.unfreeze()

    async def client(
        self, service: str, *, region: str | None = None, account: str | None = None, purpose: str = "", once: bool = False
    ) -> Client:
        """`purpose` sets a client (and its connection pool) apart, as for the long polls of SQS. `once`: see ports.AwsClients."""
        key = (service, region, account, purpose, once)
        found = self._clients.get(key)
        if found is not None:
            return found
        async with self._lock:
            if key not in self._clients:
                self._clients[key] = await self._make(service, region, account, once=once)
                if self._frozen:
                    gc.collect(1)  # what was made on the way
                    gc.freeze()
            return self._clients[key]

    def observe(self, observer: Observer) -> None:
        """Every call from now on is told to `observer`."""
        self.observer = observer

    async def caller(self) -> str:
        """The ARN that our credentials act as."""
        sts = await self.client("sts")
        return str((await sts.get_caller_identity())["Arn"])

    async def region(self) -> str:
        """The region of the daemon's own queue and tables."""
        sts = await self.client("sts")
        return str(sts.raw.meta.region_name)

    def home(self, account: str) -> "HomeClients":
        """The same clients for whoever names accounts: our own needs no role."""
        return HomeClients(self, account)

    async def account(self) -> str:
        """The account that our credentials belong to (one STS call, then remembered)."""
        if self._account is None:
            sts = await self.client("sts")
            self._account = str((await sts.get_caller_identity())["Account"])
        return self._account

    async def _make(self, service: str, region: str | None, account: str | None, *, once: bool) -> Client:
        from aiobotocore.config import AioConfig
        from botocore.exceptions import InvalidRegionError, NoRegionError

        settings = self._settings
        config = AioConfig(
            connect_timeout=settings.connect_timeout_seconds,
            read_timeout=settings.read_timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": 1 if once else settings.max_attempts},
            max_pool_connections=settings.max_pool_connections,
            user_agent=_USER_AGENT,
            parameter_validation=service not in _CHECKED_BY_US,
        )
        session = await self._session_for(account)
        try:
            raw = await self._stack.enter_async_context(session.client(service, region_name=region or settings.region, config=config))
        except NoRegionError as error:
            raise ConfigurationError("no region: set AIOPS_AWS__REGION or AWS_DEFAULT_REGION") from error
        except (InvalidRegionError, ValueError) as error:  # ValueError: an endpoint that is no URL
            raise ConfigurationError(f"{error} (AIOPS_AWS__REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL)") from error
        return Client(raw, service, self)

    async def _session_for(self, account: str | None) -> Any:
        import aioboto3

        if self._session is None:
            self._session = aioboto3.Session(region_name=self._settings.region)
        if account is None:
            return self._session
        if self._settings.cross_account_role is None:
            raise NotPermitted(f"account {account} is not ours and no AIOPS_AWS__CROSS_ACCOUNT_ROLE is set")
        return _assumed(self._session, f"arn:aws:iam::{account}:role/{self._settings.cross_account_role}")


class HomeClients:
    """Implements ports.AwsClients for events that name their account."""

    def __init__(self, session: AwsSession, account: str) -> None:
        self._session = session
        self._account = account

    async def client(self, service: str, *, region: str | None = None, account: str | None = None, once: bool = False) -> Client:
        return await self._session.client(service, region=region, account=None if account == self._account else account, once=once)


def _assumed(source: Any, role_arn: str) -> Any:
    """A session whose credentials are those of the role, renewed by botocore before they expire."""
    import aioboto3
    from aiobotocore.credentials import AioAssumeRoleCredentialFetcher, AioDeferredRefreshableCredentials
    from aiobotocore.session import get_session

    async def credentials() -> Any:
        return await source._session.get_credentials()

    class Lazy:
        async def get_frozen_credentials(self) -> Any:
            return await (await credentials()).get_frozen_credentials()

    inner = get_session()
    fetcher = AioAssumeRoleCredentialFetcher(
        source._session.create_client, Lazy(), role_arn, extra_args={"RoleSessionName": "aiops-daemon"}
    )
    inner._credentials = AioDeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method="assume-role")
    return aioboto3.Session(botocore_session=inner)
