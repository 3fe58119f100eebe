"""How a file and a function of the package are built."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from .tree import PACKAGE, ROOT, functions, length, modules, parsed, place

LONGEST_FUNCTION = 60
USUAL_FUNCTION = 35
LONGEST_MODULE = 500
VAGUE_NAMES = re.compile(r"^(utils?|helpers?|common|managers?|base|misc)$")

every_module = pytest.mark.parametrize("path", modules(), ids=place)


@every_module
def test_a_module_says_what_belongs_in_it(path: Path) -> None:
    if path.name != "_version.py":
        assert ast.get_docstring(parsed(path)), f"{place(path)} has no docstring"


@every_module
def test_no_function_passes_sixty_lines(path: Path) -> None:
    too_long = [
        f"{name}: {length(function)}"
        for name, function in functions(parsed(path))
        if length(function) > LONGEST_FUNCTION
    ]

    assert too_long == []


def test_nine_functions_in_ten_stay_under_thirty_five_lines() -> None:
    lengths = [length(function) for path in modules() for _, function in functions(parsed(path))]

    assert sum(lines < USUAL_FUNCTION for lines in lengths) >= 0.9 * len(lengths)


@every_module
def test_no_module_passes_five_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


@every_module
def test_a_module_is_named_after_what_is_in_it(path: Path) -> None:
    assert not VAGUE_NAMES.match(path.stem)


@every_module
def test_annotations_are_not_evaluated_at_start(path: Path) -> None:
    tree = parsed(path)
    is_annotated = any(isinstance(node, ast.AnnAssign | ast.arg) for node in ast.walk(tree))
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}

    # The package's own __init__ has no annotation that costs anything, and stays as short as can be.
    assert not is_annotated or "annotations" in imported or path == PACKAGE / "__init__.py"


@every_module
def test_nothing_is_swallowed_or_left_for_later(path: Path) -> None:
    handlers = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.ExceptHandler)]
    swallowed = [node.lineno for node in handlers if len(node.body) == 1 and isinstance(node.body[0], ast.Pass)]
    bare = [node.lineno for node in handlers if node.type is None]
    left = re.findall(r"\b(?:TODO(?! #\d)|FIXME|XXX)\b", path.read_text(encoding="utf-8"))

    assert (swallowed, bare, left) == ([], [], [])


def allowed_to_reveal() -> set[str]:
    """Return the files that CONTRIBUTING.md lists under "Secrets"."""
    _, _, section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Secrets")
    return set(re.findall(r"^\| `([\w/]+\.py)` \|", section.partition("\n## ")[0], re.MULTILINE))


def reveals(path: Path) -> bool:
    """Say whether a file calls `.reveal()`."""
    calls = [node.func for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
    return any(isinstance(function, ast.Attribute) and function.attr == "reveal" for function in calls)


def test_a_secret_is_revealed_only_in_the_files_that_contributing_lists() -> None:
    by_hand = [path for path in modules() if "_sync" not in path.parts and path.name != "secret.py"]

    assert {place(path) for path in by_hand if reveals(path)} == allowed_to_reveal()
