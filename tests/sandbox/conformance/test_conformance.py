"""
Every method of Gmail v1 and Calendar v3 does what every method must.

The methods come from the discovery documents: one that is added there, or played from now on, is
checked without a word here beyond its recipe.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .checks import CHECKS, Verdict, all_methods, verdict
from .recipes import RECIPES
from .table import page

PAGE = Path(__file__).parents[3] / "docs" / "measured" / "conformance.md"


@pytest.mark.parametrize("method_id", all_methods())
@pytest.mark.parametrize("check", CHECKS)
def test_the_method_holds(check: str, method_id: str) -> None:
    """Either it does, or the check is not for it, or the sandbox says that it does not play it."""
    assert verdict(method_id, check) in Verdict


def test_the_suite_walks_every_method_of_both_documents() -> None:
    """Nobody has to add a method here; recipes for what is gone are noticed."""
    found = all_methods()

    assert len(found) == len(set(found)) == 117
    assert RECIPES.keys() <= set(found)


def test_only_encryption_in_the_client_and_of_mails_is_not_played() -> None:
    """501 is for those alone, and it comes last: credentials, scopes and parameters are judged before."""
    unplayed = [method_id for method_id in all_methods() if verdict(method_id, "success") is Verdict.UNPLAYED]

    assert all(".cse." in method_id or ".smimeInfo." in method_id for method_id in unplayed)
    for method_id in unplayed:
        for check in ("no token", "old token", "each other scope"):
            assert verdict(method_id, check) is Verdict.HELD


def test_the_published_table_is_what_the_suite_finds() -> None:
    """`python scripts/conformance.py` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page()
