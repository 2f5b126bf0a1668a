"""docs/configuration.md says what the settings classes say."""

from pathlib import Path

from aiops_daemon.cli.reference import reference
from aiops_daemon.settings import PLAIN_NAMES, known_names

ROOT = Path(__file__).parents[3]


def test_the_configuration_reference_is_current() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == reference(), (
        "run: python -m aiops_daemon.cli.reference > docs/configuration.md"
    )


def test_every_setting_and_plain_name_has_one_row() -> None:
    rows = [line.split("`")[1] for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) == len(set(rows))
    assert set(rows) >= known_names().keys() | PLAIN_NAMES.keys()


def test_defaults_are_written_as_they_would_be_set() -> None:
    said = reference()
    assert "| `AIOPS_POLICY__CONFIDENCE_THRESHOLD` | `0.8` |" in said
    assert '"ec2.start": "auto"' in said
    assert "| `AIOPS_MODEL__API_KEY` | - |" in said
