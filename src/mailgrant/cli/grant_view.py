"""How grants are shown: their scopes in words, what was not granted, when they end, and what helps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .output import Columns, local, to_json

if TYPE_CHECKING:
    from mailgrant import Grant, Mailgrant
    from mailgrant.vault.foresight import Countdown

    from .invocation import Invocation


class Outlook:
    """What the clients in the vault mean for their grants; looked up once for all of them."""

    def __init__(self, mailgrant: Mailgrant) -> None:
        self._clients = {client.client_id: client for client in mailgrant.clients()}

    def end(self, held: Grant) -> Countdown | None:
        """Return when a grant will end by itself."""
        from mailgrant.vault.foresight import countdown

        client = self._clients.get(held.client_id)
        return countdown(held, testing=client is not None and client.testing)

    def trouble(self, held: Grant) -> str:
        """Say why Google does not accept the grant's client, if so: then the grant pauses, and is kept."""
        client = self._clients.get(held.client_id)
        if client is None or client.trouble is None:
            return ""
        return f"its client is not accepted by Google since {local(client.trouble.since)}: {client.trouble.reason}"


def print_grants(invocation: Invocation, grants: tuple[Grant, ...], outlook: Outlook) -> None:
    """Print a list of grants."""
    columns: Columns[Grant] = {
        "account": lambda held: held.account,
        "status": lambda held: held.status,
        "scopes": short_scopes,
        "consented": lambda held: held.consented_at,
        "refreshed": lambda held: held.refreshed_at,
        "user": lambda held: held.user,
        "note": lambda held: note(held, outlook),
    }
    if invocation.printer.json:
        invocation.printer.many((shown(held, outlook) for held in grants), {}, empty="")
    else:
        invocation.printer.many(grants, columns, empty="nobody has granted anything yet; `mailgrant login` asks.")


def print_grant(invocation: Invocation, held: Grant, outlook: Outlook) -> None:
    """Print one grant in full."""
    from mailgrant.vault.foresight import remedy

    end = outlook.end(held)
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
        "Note": "; ".join(remark for remark in (outlook.trouble(held), *marks(held)) if remark),
        "Next": remedy(held),
    }
    text = "\n".join(f"{name + ':':11}{value}" for name, value in lines.items() if value)
    invocation.printer.one(shown(held, outlook), text)


def shown(held: Grant, outlook: Outlook) -> dict[str, Any]:
    """Return a grant as JSON, without its credentials."""
    from mailgrant.vault.foresight import remedy

    content: dict[str, Any] = to_json(held)
    del content["credentials"]
    end = outlook.end(held)
    foresight = {"countdown": to_json(end)} if end else {}
    said = {"remedy": remedy(held), "trouble": outlook.trouble(held)}
    return {
        **content,
        "missing": to_json(held.missing),
        **foresight,
        **{name: text for name, text in said.items() if text},
    }


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


def note(held: Grant, outlook: Outlook) -> str:
    """Say what is remarkable about a grant, in a line."""
    end = outlook.end(held)
    soon = end is not None and (end.is_soon(datetime.now(UTC)))
    remarks = [
        held.reason,
        outlook.trouble(held),
        *marks(held),
        f"not granted: {', '.join(scope.short for scope in held.missing)}" if held.missing else "",
        f"ends {local(end.ends_at)}: {end.why}" if end is not None and soon else "",
    ]
    return "; ".join(remark for remark in remarks if remark)


def age(moment: datetime) -> str:
    """Say how many days ago something was, from the second day on."""
    days = (datetime.now(UTC) - moment).days
    return f" ({days} days ago)" if days > 1 else ""
