"""A resource in another account is reached through the role there, with credentials that renew themselves."""

import pytest

from aiops_daemon.aws.session import AwsSession, AwsSettings
from aiops_daemon.embedded.aws import EmbeddedAws

pytestmark = pytest.mark.asyncio(loop_scope="session")
OTHER = "222222222222"


async def test_a_client_for_another_account_acts_there_and_not_at_home(embedded_aws: EmbeddedAws) -> None:
    async with AwsSession(AwsSettings(cross_account_role="aiops-target")) as session:
        home = session.home(embedded_aws.account)
        there, here = await home.client("sts", account=OTHER), await home.client("sts", account=embedded_aws.account)
        assert (await there.get_caller_identity())["Arn"].startswith(f"arn:aws:sts::{OTHER}:assumed-role/aiops-target/aiops-daemon")
        assert (await here.get_caller_identity())["Account"] == embedded_aws.account
        ssm = await home.client("ssm", account=OTHER)
        await ssm.put_parameter(Name="/there", Value="x", Type="String")
        assert (await ssm.get_parameters(Names=["/there"]))["Parameters"][0]["Value"] == "x"
        assert (await (await home.client("ssm")).get_parameters(Names=["/there"]))["Parameters"] == []
