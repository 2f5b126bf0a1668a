import pytest

from tests.doubles.intake_world import World


@pytest.fixture
def world() -> World:
    return World()
