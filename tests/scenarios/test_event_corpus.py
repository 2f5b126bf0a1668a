"""The judged events of other people, through the same command that an operator types, beside never-act and always-act."""

import sys

import pytest

from tests.scenarios import score_baselines as baselines

pytestmark = pytest.mark.skipif(not (baselines.SHARED / "events" / "index.jsonl").exists(), reason="the judged events are not here")


@pytest.fixture(scope="module")
def product() -> dict[str, float]:
    found: dict[str, float] = baselines.score(baselines.SHARED, *baselines.PRODUCT)
    return found


def test_every_body_is_answered_and_nothing_raises(product: dict[str, float]) -> None:
    assert product["exit"] == 0
    assert product["answered"] == product["bodies"]


@pytest.mark.parametrize(
    ("figure", "least"),
    [("type", 97), ("ids", 95), ("no ids invented", 100), ("label", 85), ("acted or asked where due", 90)],
)
def test_no_less_than_required(product: dict[str, float], figure: str, least: float) -> None:
    assert product[figure] >= least


def test_never_acts_where_it_is_wrong_and_seldom_asks(product: dict[str, float]) -> None:
    assert product["acted where wrong"] == 0
    assert product["asked where wrong"] <= 25


def test_the_baselines_fail_where_the_product_passes() -> None:
    never, always = (baselines.score(baselines.SHARED, *baselines.always(decision)) for decision in ("none", "act"))
    assert never["acted or asked where due"] == 0
    assert always["acted where wrong"] > 200
    sys.stdout.write(f"never-act {never}\nalways-act {always}\n")
