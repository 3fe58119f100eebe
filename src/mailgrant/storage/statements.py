"""The statements of `queries.sql` by name, and the migrations in order."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

TABLES = ("grants", "consents", "clients")


@cache
def query(name: str, table: str = "") -> str:
    """Return one statement, for one of the tables if it is about rows."""
    statement = _statements()[name]
    if table and table not in TABLES:
        raise ValueError(f"there is no table {table}")
    return statement.replace("ROWS", table)


@cache
def migrations() -> tuple[tuple[str, ...], ...]:
    """Return the statements of each migration; they are numbered, only ever added, and never edited."""
    folder = files(__package__).joinpath("migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(_split(folder.joinpath(name).read_text(encoding="utf-8")) for name in names)


@cache
def _statements() -> dict[str, str]:
    text = files(__package__).joinpath("queries.sql").read_text(encoding="utf-8")
    named = re.findall(r"^-- name: (\w+)\n(.*?)(?=^-- name:|\Z)", text, re.S | re.M)
    return {name: body.strip() for name, body in named}


def _split(sql: str) -> tuple[str, ...]:
    lines = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
    return tuple(statement.strip() for statement in lines.split(";") if statement.strip())
