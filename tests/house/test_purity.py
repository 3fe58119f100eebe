"""The pure layers are handed time and chance; they never fetch them, and they touch nothing outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from .tree import PACKAGE, modules, parsed, place

PURE = ("oauth", "gmail", "calendar", "vault")
PURE_FILES = ("changes.py", "errors.py", "http.py", "listing.py", "missing.py", "secret.py", "verdict.py", "wire.py")

WAITING = {"asyncio", "concurrent", "multiprocessing", "selectors", "signal", "subprocess", "threading"}
OUTSIDE = {"os", "shutil", "socket", "sqlite3", "ssl", "sys", "tempfile", "urllib.request", "httpcore2", "platformdirs"}
TIME_AND_CHANCE = {"random", "secrets", "time", "uuid"}
FORBIDDEN_MODULES = WAITING | OUTSIDE | TIME_AND_CHANCE

FORBIDDEN_CALLS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "open",
    "input",
    "print",
    "Path.cwd",
    "Path.home",
    "make_msgid",
    "formatdate",
    "localtime",
}
# What opens a seal, not a file.
ALLOWED_CALLS = {"sealer.open", "_sealer.open"}
FORBIDDEN_METHODS = {"read_bytes", "read_text", "write_bytes", "write_text", "generate_key"}

pure_modules = [path for layer in PURE for path in modules(PACKAGE / layer)] + [PACKAGE / name for name in PURE_FILES]


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield every module that is imported anywhere in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def called(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield every call as its dotted name and the last word of it: `dt.datetime.now` and `now`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = ast.unparse(node.func)
            yield name, name.rpartition(".")[2]


def impurities(tree: ast.Module) -> list[str]:
    """Return what a file imports or calls that belongs to a shell."""
    modules_used = [
        name for name in imported(tree) if name in FORBIDDEN_MODULES or name.split(".")[0] in FORBIDDEN_MODULES
    ]
    calls = [
        name
        for name, last in called(tree)
        if ".".join(name.split(".")[-2:]) not in ALLOWED_CALLS
        and (
            last in FORBIDDEN_METHODS
            or any(name == banned or name.endswith("." + banned) for banned in FORBIDDEN_CALLS)
        )
    ]
    return modules_used + calls


@pytest.mark.parametrize("path", pure_modules, ids=place)
def test_time_chance_and_the_world_are_arguments(path: Path) -> None:
    assert impurities(parsed(path)) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from os import environ",
        "import urllib.request",
        "datetime.now(UTC)",
        "dt.datetime.now(UTC)",
        "date.today()",
        "open('minutes.pdf')",
        "path.read_text()",
        "def f():\n    import secrets",
        "AESGCM.generate_key(256)",
    ],
)
def test_an_impurity_is_found(source: str) -> None:
    assert impurities(ast.parse(source))


@pytest.mark.parametrize("source", ["from pathlib import Path", "now()", "self.clock.now()", "import urllib.parse"])
def test_an_argument_is_no_impurity(source: str) -> None:
    assert impurities(ast.parse(source)) == []
