"""Twenty-five megabytes of attachments take next to no memory, sent or saved."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "large_mail.py"
MOST = 16.0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_twenty_five_megabytes_add_at_most_sixteen_to_memory() -> None:
    ended = subprocess.run([sys.executable, str(BENCHMARK), "--json"], capture_output=True, text=True, check=True)
    added: dict[str, float] = json.loads(ended.stdout)

    assert added["mailgrant sends"] < MOST
    assert added["mailgrant saves"] < MOST
