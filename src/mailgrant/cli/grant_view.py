"""How grants are shown: their scopes in words, what was not granted, when they end, and what helps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .output import Columns, local, to_json

if TYPE_CHECKING:
    from mailgrant import Grant, Mailgrant
    from mailgrant.vault.foresight import Countdown

    from .invocation import Invocation

Ending = Callable[["Grant"], "Countdown | None"]


def endings(mailgrant: Mailgrant) -> Ending:
    """Return what knows the end of each grant, having looked once at which clients are in Testing."""
    from mailgrant.vault.foresight import countdown

    testing = {client.client_id for client in mailgrant.clients() if client.testing}
    return lambda held: countdown(held, testing=held.client_id in testing)


def print_grants(invocation: Invocation, grants: tuple[Grant, ...], ending: Ending) -> None:
    """Print a list of grants."""
    columns: Columns[Grant] = {
        "account": lambda held: held.account,
        "status": lambda held: held.status,
        "scopes": short_scopes,
        "consented": lambda held: held.consented_at,
        "refreshed": lambda held: held.refreshed_at,
        "user": lambda held: held.user,
        "note": lambda held: note(held, ending),
    }
    if invocation.printer.json:
        invocation.printer.many((shown(held, ending) for held in grants), {}, empty="")
    else:
        invocation.printer.many(grants, columns, empty="nobody has granted anything yet; `mailgrant login` asks.")


def print_grant(invocation: Invocation, held: Grant, ending: Ending) -> None:
    """Print one grant in full."""
    from mailgrant.vault.foresight import remedy

    end = ending(held)
    lines = {
        "Account": held.account,
        "User": held.user or "",
        "Status": held.status.value,
        "Since": local(held.status_since) if held.status_since and not held.is_active else "",
        "Reason": held.reason,
        "Scopes": ", ".join(short_scopes(held)),
        "Allows": "; ".join(scope.description for scope in held.scopes.api),
        "Missing": ", ".join(scope.short for scope in held.missing),
        "Consented": f"{local(held.consented_at)}{age(held.consented_at)}",
        "Refreshed": local(held.refreshed_at),
        "Ends": f"{local(end.ends_at)}: {end.why}. {end.remedy}" if end else "",
        "Client": held.client_id,
        "Note": "; ".join(marks(held)),
        "Next": remedy(held),
    }
    text = "\n".join(f"{name + ':':11}{value}" for name, value in lines.items() if value)
    invocation.printer.one(shown(held, ending), text)


def shown(held: Grant, ending: Ending) -> dict[str, Any]:
    """Return a grant as JSON, without its credentials."""
    from mailgrant.vault.foresight import remedy

    content: dict[str, Any] = to_json(held)
    del content["credentials"]
    end = ending(held)
    foresight = {"countdown": to_json(end)} if end else {}
    helps = {"remedy": remedy(held)} if remedy(held) else {}
    return {**content, "missing": to_json(held.missing), **foresight, **helps}


def short_scopes(held: Grant) -> list[str]:
    """Return the short names of what is granted, without who the person is."""
    return [scope.short for scope in held.scopes.api]


def marks(held: Grant) -> list[str]:
    """Return what is not certain about a grant."""
    remarks = {
        "not verified whose it is": not held.verified,
        "not proved since the backup it came from": not held.proved,
    }
    return [remark for remark, holds in remarks.items() if holds]


def note(held: Grant, ending: Ending) -> str:
    """Say what is remarkable about a grant, in a line."""
    end = ending(held)
    soon = end is not None and (end.is_soon(datetime.now(UTC)))
    remarks = [
        held.reason,
        *marks(held),
        f"not granted: {', '.join(scope.short for scope in held.missing)}" if held.missing else "",
        f"ends {local(end.ends_at)}: {end.why}" if end is not None and soon else "",
    ]
    return "; ".join(remark for remark in remarks if remark)


def age(moment: datetime) -> str:
    """Say how many days ago something was, from the second day on."""
    days = (datetime.now(UTC) - moment).days
    return f" ({days} days ago)" if days > 1 else ""
