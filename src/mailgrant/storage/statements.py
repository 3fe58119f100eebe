"""The statements of `queries.sql` by name, and the migrations in order."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from mailgrant.vault.store import TABLES

# Not importlib.resources, whose import takes longer than opening the vault.
FOLDER = Path(__file__).parent


@cache
def query(name: str, table: str = "") -> str:
    """Return one statement, for one of the tables if it is about rows."""
    statement = _statements()[name]
    if table and table not in TABLES:
        raise ValueError(f"there is no table {table}")
    return statement.replace("ROWS", table)


@cache
def migrations(engine: str) -> tuple[tuple[str, ...], ...]:
    """
    Return the statements of each migration of an engine, "sqlite" or "postgres".

    They are numbered, only ever added, and never edited.
    """
    return tuple(_split(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob(f"migrations/{engine}/*.sql")))


@cache
def _statements() -> dict[str, str]:
    text = (FOLDER / "queries.sql").read_text(encoding="utf-8")
    named = re.findall(r"^-- name: (\w+)\n(.*?)(?=^-- name:|\Z)", text, re.S | re.M)
    return {name: body.strip() for name, body in named}


def _split(sql: str) -> tuple[str, ...]:
    lines = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
    return tuple(statement.strip() for statement in lines.split(";") if statement.strip())
