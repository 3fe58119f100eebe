"""Nothing imports upward: the contracts of `pyproject.toml` hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .tree import ROOT


def test_every_import_contract_is_kept() -> None:
    command = Path(sys.executable).with_name("lint-imports")

    run = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout
