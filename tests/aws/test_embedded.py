"""The embedded AWS does what a recovery relies on, where plain moto does not."""

import asyncio
from typing import Any

import pytest

from aiops_daemon.aws.session import AwsSession
from aiops_daemon.embedded.aws import EmbeddedAws
from aiops_daemon.model.errors import ConditionFailed, GiveUp

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_terminated_instance_cannot_be_started(aws: AwsSession) -> None:
    ec2 = await aws.client("ec2")
    made = await ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    instance = made["Instances"][0]["InstanceId"]
    await ec2.terminate_instances(InstanceIds=[instance])
    with pytest.raises(GiveUp, match="IncorrectInstanceState"):
        await ec2.start_instances(InstanceIds=[instance])


async def test_calls_are_counted_and_reset_empties_the_account(aws: AwsSession, embedded_aws: EmbeddedAws) -> None:
    sqs = await aws.client("sqs")
    await sqs.create_queue(QueueName="one")
    assert embedded_aws.calls() == {"sqs:CreateQueue": 1}
    embedded_aws.reset()
    assert "QueueUrls" not in await sqs.list_queues()


async def test_one_winner_of_concurrent_conditional_writes(aws: AwsSession) -> None:
    table = await aws.client("dynamodb")
    await table.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    winners: list[int] = []

    async def put(key: str, number: int) -> None:
        item: dict[str, Any] = {"k": {"S": key}, "n": {"N": str(number)}}
        try:
            await table.put_item(TableName="t", Item=item, ConditionExpression="attribute_not_exists(k)")
        except ConditionFailed:
            return
        winners.append(number)

    for key in ("a", "b", "c"):
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(put(key, number))
    assert len(winners) == 3
