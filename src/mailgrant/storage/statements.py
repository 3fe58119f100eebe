"""The statements of `queries.sql` by name, rows as they go in and come out, and the migrations in order."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from mailgrant.vault.store import TABLES, Row

# Not importlib.resources, whose import takes longer than opening the vault.
FOLDER = Path(__file__).parent


@cache
def query(name: str, table: str = "", schema: str = "") -> str:
    """Return one statement, for one of the tables if it is about rows; `schema` goes before each table's name."""
    statement = _statements()[name]
    if table and table not in TABLES:
        raise ValueError(f"there is no table {table}")
    named = {"ROWS": table, "HEADER": "header", "LEASES": "leases", "VERSION": "mailgrant_vault"}
    return re.sub(r"\b(ROWS|HEADER|LEASES|VERSION)\b", lambda found: schema + named[found[0]], statement)


def way_in(wanted: dict[str, str | None]) -> str:
    """Return the name of the statement that finds rows by these columns, by an index where there is one."""
    if wanted["account"] is not None:
        return "find_rows_of_account"
    return "find_rows_of_user" if wanted["user"] is not None else "find_rows"


def row_values(row: Row) -> dict[str, Any]:
    """Return a row as the values of a statement."""
    return {
        "key": row.key,
        "version": row.version,
        "sealed": row.sealed,
        "account": row.account,
        "user": row.user,
        "client": row.client,
        "due": row.due,
    }


def as_row(found: tuple[Any, ...]) -> Row:
    """Return what a statement found as a row."""
    key, version, sealed, account, user, client, due = found
    return Row(key, version=version, sealed=sealed, account=account, user=user, client=client, due=due)


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
