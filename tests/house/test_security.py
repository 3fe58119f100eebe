"""SECURITY.md proves what it says: each control names tests, and the tests are there."""

from __future__ import annotations

import re

from .tree import ROOT, functions, modules, parsed

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAME = re.compile(r"`(test_\w+)`")
CONTROL = re.compile(r"^\*\*[A-Z][^*]+\*\*.*?(?=^\*\*[A-Z]|^## |\Z)", re.MULTILINE | re.DOTALL)


def named_tests() -> set[str]:
    """Return the name of every test there is."""
    return {name.rpartition(".")[2] for path in modules(ROOT / "tests") for name, _ in functions(parsed(path))}


def controls() -> list[str]:
    """Return the paragraphs that claim something, with the names under them."""
    part = TEXT.partition("## Each control")[2].partition("\n## ")[0]
    return CONTROL.findall(part)


def test_every_test_that_security_names_is_there() -> None:
    named = NAME.findall(TEXT)

    assert len(named) > 40
    assert sorted(set(named) - named_tests()) == []


def test_no_test_is_named_twice() -> None:
    named = NAME.findall(TEXT)

    assert sorted(name for name in set(named) if named.count(name) > 1) == []


def test_every_control_has_a_proof() -> None:
    assert len(controls()) >= 10
    assert [control.splitlines()[0] for control in controls() if not NAME.search(control)] == []


def test_every_test_that_the_explanations_name_is_there() -> None:
    pages = (ROOT / "docs").rglob("*.md")
    named = {name for page in pages for name in NAME.findall(page.read_text(encoding="utf-8"))}

    assert sorted(named - named_tests()) == []
