"""Finds Terraform and a filesystem mirror of its AWS provider at run time; both absent is normal and means a stand-in build.

A mirror is a folder that holds `registry.terraform.io/hashicorp/aws`. Looked for in this order: AIOPS_TERRAFORM_PLUGIN_DIR, the
filesystem_mirror blocks of TF_CLI_CONFIG_FILE (or ~/.terraformrc), Terraform's implied mirrors, then two levels below each top folder.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic_settings import BaseSettings, SettingsConfigDict

PROVIDER = Path("registry.terraform.io/hashicorp/aws")
_MIRROR_PATH = re.compile(r"filesystem_mirror\s*\{[^}]*?path\s*=\s*\"([^\"]+)\"", re.DOTALL)
_NOT_DISKS = frozenset({"proc", "sys", "dev", "run"})


class TerraformTools(NamedTuple):
    """The program, and the folder for `terraform init -plugin-dir`."""

    binary: Path
    plugins: Path


class _Hints(BaseSettings):
    """What the environment says."""

    model_config = SettingsConfigDict(extra="ignore")

    aiops_terraform_plugin_dir: Path | None = None
    tf_cli_config_file: Path | None = None


def find_terraform(root: Path = Path("/")) -> TerraformTools | None:
    """None where the program or the provider is missing."""
    binary = shutil.which("terraform")
    if binary is None:
        return None
    for folder in _candidates(_Hints(), root):
        if _has_provider(folder):
            return TerraformTools(Path(binary), folder)
    return None


def _has_provider(folder: Path) -> bool:
    try:
        return any((folder / PROVIDER).iterdir())
    except OSError:
        return False


def _candidates(hints: _Hints, root: Path) -> Iterator[Path]:
    home = Path.home()
    if hints.aiops_terraform_plugin_dir is not None:
        yield hints.aiops_terraform_plugin_dir
    for config in (hints.tf_cli_config_file, home / ".terraformrc"):
        if config is not None and config.is_file():
            yield from (Path(path) for path in _MIRROR_PATH.findall(config.read_text(encoding="utf-8", errors="replace")))
    yield home / ".terraform.d/plugins"
    yield home / ".local/share/terraform/plugins"
    yield root / "usr/local/share/terraform/plugins"
    yield root / "usr/share/terraform/plugins"
    for top in _folders(root):
        if top.name not in _NOT_DISKS:
            yield top
            yield from _folders(top)


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return []
