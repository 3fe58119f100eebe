"""Many mails under every fault at once: none goes out twice, none is lost, and what is said is true."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

STORM = Path(__file__).parents[2] / "benchmarks" / "never_twice.py"
RIGHT = ("duplicated", "said sent and was not", "said not sent and was", "edited and sent", "drafts left")


def storm(sends: int, seed: int, accounts: int = 10) -> dict[str, int]:
    numbers = ["--sends", str(sends), "--accounts", str(accounts), "--seed", str(seed)]
    ended = subprocess.run(
        [sys.executable, str(STORM), *numbers, "--alone", "--json"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    counts: dict[str, int] = json.loads(ended.stdout)["mailgrant"]
    return counts


def test_sixty_sends_in_a_storm_go_out_once_and_what_is_said_is_true() -> None:
    counts = storm(60, seed=7)

    assert counts["went out"] > 40
    assert {what: counts[what] for what in RIGHT} == dict.fromkeys(RIGHT, 0)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_sends_in_a_storm_go_out_once_and_what_is_said_is_true() -> None:
    counts = storm(1000, seed=11, accounts=40)

    assert counts["went out"] > 700
    assert {what: counts[what] for what in RIGHT} == dict.fromkeys(RIGHT, 0)
