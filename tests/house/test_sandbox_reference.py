"""The sandbox's reference lists every call of the control API, every effect of a fault and every flag, and no other."""

from __future__ import annotations

import re
from dataclasses import fields

from mailgrant.cli.sandbox import sandbox as commands
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.control import accounts, calls, console
from mailgrant.sandbox.control.faults import KINDS, Effect

from .tree import ROOT

PAGE = ROOT / "docs" / "reference" / "sandbox.md"
CALL = re.compile(r"`(GET|POST|DELETE) /_sandbox/([^`]*)`")


def rows(heading: str) -> list[str]:
    """Return the rows of the table under a heading row."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"| {heading} |")
    return rest.partition("\n\n")[0].splitlines()[2:]


def test_every_call_of_the_control_api_is_listed_and_no_other() -> None:
    listed = [call for row in rows("Call") for call in CALL.findall(row)]

    assert sorted(listed) == sorted(calls.Control(Sandbox(seed="empty")).calls)


def test_every_field_that_a_call_takes_is_named() -> None:
    taken = {
        "accounts": accounts.ACCOUNT,
        "accounts/{email}/messages": accounts.MAIL,
        "accounts/{email}/drafts/{id}": accounts.DRAFT,
        "topics": calls.TOPIC,
        "clients": console.CLIENT,
        "authorize": calls.AUTHORIZATION,
        "grants/revoke": calls.GRANT,
    }
    said = {path: row for row in rows("Call") for verb, path in CALL.findall(row) if verb == "POST"}

    missing = [(path, name) for path, names in taken.items() for name in names if not named(name, said[path])]

    assert missing == []


def named(field: str, text: str) -> bool:
    """Say whether a text names a field, alone or with a value."""
    return f"`{field}`" in text or f'`"{field}"' in text


def test_every_effect_of_a_fault_is_listed() -> None:
    text = "\n".join(rows("Effect"))
    known = {field.name for field in fields(Effect)}

    assert known >= set(KINDS)
    assert [name for name in known if not named(name, text)] == []


def test_every_flag_of_run_and_exec_is_listed_and_no_other() -> None:
    listed = {flag for row in rows("Flag") for flag in re.findall(r"`(--[\w-]+)`", row.split("|")[1])}
    everywhere = flags("show") - {"--url"}
    known = (flags("run") | flags("exec")) - everywhere | {"--control-token-file"}

    assert listed == known


def flags(command: str) -> set[str]:
    """Return the flags of one of the sandbox's commands."""
    return {option for parameter in commands.commands[command].params for option in parameter.opts if "--" in option}
