"""`mailgrant demo --page`: a person answers the consent page in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .processes import line_with, running

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_a_person_answers_in_their_own_browser_and_the_story_goes_on(chromium: Page, tmp_path: Path) -> None:
    with running(["demo", "--page"], tmp_path) as process:
        assert process.stdout is not None
        chromium.goto(line_with(process.stdout, "http://127.0.0.1:", "/auth").strip())
        for box in chromium.get_by_role("checkbox").all():
            box.check()
        chromium.get_by_role("button", name="Continue").click()
        thanks = chromium.get_by_role("heading").inner_text()
        out, err = process.communicate(timeout=50)

    assert thanks == "Thank you"
    assert process.returncode == 0, err
    assert "That was all of it" in out


def test_a_person_who_cancels_is_told_and_so_is_the_program(chromium: Page, tmp_path: Path) -> None:
    with running(["demo", "--page"], tmp_path) as process:
        assert process.stdout is not None
        chromium.goto(line_with(process.stdout, "http://127.0.0.1:", "/auth").strip())
        chromium.get_by_role("button", name="Cancel").click()
        heading = chromium.get_by_role("heading").inner_text()
        _, err = process.communicate(timeout=50)

    assert heading == "Nothing was granted"
    assert process.returncode == 3
    assert "Traceback" not in err
