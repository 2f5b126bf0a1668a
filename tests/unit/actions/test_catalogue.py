"""The catalogue as a whole: what it promises to policy, IAM and people."""

import ast
import re
from pathlib import Path

import pytest

import aiops_daemon
from aiops_daemon.actions import catalogue
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.plan import Effect
from aiops_daemon.ports import Action
from tests.doubles.scripted_aws import ScriptedAws, ScriptedCall, StoppedClock, event_on

ACTIONS = catalogue(ActionSettings(codebuild_project="recovery"), StoppedClock())
PACKAGE = Path(aiops_daemon.__file__).parent
HOSTILE = ("i-1; rm -rf /", "$(id)", "../../etc/passwd", "i-0123456789abcdef0 --all", "x" * 5000, "unknown", "", "arn:aws:ssm:::parameter/")


def test_ids_are_unique_and_what_only_tells_comes_last() -> None:
    ids = [action.spec.id for action in ACTIONS]
    assert len(set(ids)) == len(ids)
    assert ids[-1] == "notify_only"


@pytest.mark.parametrize("part", ["analysts", "policy", "logwatch"])
def test_what_others_call_an_action_is_one(part: str) -> None:
    """They know actions by their ids only: one that is misspelt would be dropped in silence."""
    ids = {action.spec.id for action in ACTIONS}
    form = re.compile(rf"(?:{'|'.join(sorted({one.partition('.')[0] for one in ids if '.' in one}))})\.[a-z_]+")
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((PACKAGE / part).rglob("*.py"))]
    texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    named = {text for text in texts if form.fullmatch(text)}
    assert named
    assert named <= ids


def test_no_action_of_the_catalogue_destroys() -> None:
    assert not [action.spec.id for action in ACTIONS if action.spec.effect is Effect.DESTRUCTIVE]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.spec.id)
def test_permissions_are_single_iam_actions(action: Action) -> None:
    assert all(re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z]+", permission) for permission in action.spec.permissions)


@pytest.mark.parametrize("identifier", HOSTILE)
@pytest.mark.parametrize("name", ["StopInstances", "TerminateInstances", "StopDBInstance", "PutParameter"])
@pytest.mark.parametrize("action", ACTIONS[:-1], ids=lambda action: action.spec.id)
def test_an_id_that_aws_does_not_give_is_refused_in_a_sentence(action: Action, name: str, identifier: str) -> None:
    answer = action.parameters(event_on(action.spec.resource_types[0], identifier, name))
    assert isinstance(answer, str)
    assert len(answer) < 200


@pytest.mark.parametrize("name", ["StopInstances", "TerminateInstances", "StopDBInstance", "PutParameter", "UpdateService"])
@pytest.mark.parametrize("action", ACTIONS[:-1], ids=lambda action: action.spec.id)
def test_a_denied_call_is_no_ground_for_anything(action: Action, name: str) -> None:
    event = event_on(action.spec.resource_types[0], "i-0123456789abcdef0", name, error_code="AccessDenied", facts={"desiredCount": 0})
    assert "AccessDenied" in str(action.parameters(event))


async def test_notify_only_changes_nothing() -> None:
    action, aws = ACTIONS[-1], ScriptedAws()
    event = event_on("sqs:queue", "q", "DeleteQueue")
    call = ScriptedCall(aws, event.resource, {})
    assert action.parameters(event) == {}
    answers = [await action.start(call), await action.undo(call, {}), await action.poll(call, {})]
    assert [type(answer).__name__ for answer in answers] == ["Succeeded", "Succeeded", "Failed"]
    assert aws.asked == []
