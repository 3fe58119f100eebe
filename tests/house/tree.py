"""The source tree as the house tests see it: its files, and what is written in them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "mailgrant"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def modules(folder: Path = PACKAGE) -> list[Path]:
    """Return every Python file below `folder`."""
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def place(path: Path) -> str:
    """Return how a module of the package is called in messages: `_async/session.py`."""
    return str(path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT))


def functions(node: ast.AST, within: str = "") -> Iterator[tuple[str, Function]]:
    """Yield every function below `node` with its dotted name: `Session.run`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            name = f"{within}.{child.name}" if within else child.name
            if not isinstance(child, ast.ClassDef):
                yield name, child
            yield from functions(child, name)
        else:
            yield from functions(child, within)


def length(function: Function) -> int:
    """Return how many lines a function takes, signature and docstring included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1
