"""One conversation per call about the settings of a mailbox (users.settings)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mailgrant.errors import InvalidRequest
from mailgrant.http import Call, Request

from . import label_calls
from .address import Address
from .payload import objects_of, text_of
from .resource import address, json_of
from .settings import Filter, Forwarding, SendAs, Vacation


def vacation() -> Call[Vacation | None]:
    """Ask for the answer that goes out while somebody is away."""
    return Vacation.from_json((yield from _asked("vacation", "getVacation")))


def set_vacation(wanted: Vacation | None) -> Call[Vacation | None]:
    """Set the answer; None switches it off and keeps what it says."""
    value = {"enableAutoReply": False} if wanted is None else wanted.to_json()
    if wanted is None:
        before = yield from vacation()
        value = value if before is None else replace(before, enabled=False).to_json()
    return Vacation.from_json((yield from _put("vacation", "updateVacation", value)))


def filters() -> Call[tuple[Filter, ...]]:
    """Ask for every filter."""
    return tuple(map(Filter.from_json, objects_of((yield from _asked("filters", "filters.list")), "filter")))


def create_filter(wanted: Filter, *, create_labels: bool = False) -> Call[Filter]:
    """Make a filter; its labels are found by name."""
    wanted.to_json()
    found = replace(
        wanted,
        add=frozenset((yield from label_calls.ids_of(wanted.add, create_missing=create_labels))),
        remove=frozenset((yield from label_calls.ids_of(wanted.remove))),
    )
    url, operation = address("settings", "filters"), "gmail.users.settings.filters.create"
    response = yield Request.json("POST", url, operation=operation, value=found.to_json())
    return Filter.from_json(json_of(response))


def delete_filter(filter_id: str) -> Call[None]:
    """Delete a filter; what it did stays done."""
    yield Request("DELETE", address("settings", "filters", filter_id), operation="gmail.users.settings.filters.delete")


def send_as() -> Call[tuple[SendAs, ...]]:
    """Ask for every address that the account may send as, its own first."""
    found = yield from _asked("sendAs", "sendAs.list")
    aliases = map(SendAs.from_json, objects_of(found, "sendAs"))
    return tuple(sorted(aliases, key=lambda alias: not alias.primary))


def edit_send_as(wanted: SendAs) -> Call[SendAs]:
    """Change the name, the reply address and the signature of an address to send as."""
    value = wanted.to_json()
    url, operation = address("settings", "sendAs", value.pop("sendAsEmail")), "gmail.users.settings.sendAs.patch"
    response = yield Request.json("PATCH", url, operation=operation, value=value)
    return SendAs.from_json(json_of(response))


def alias(given: str | Address) -> Call[SendAs]:
    """Find an address to send as; raises InvalidRequest when the account may not send as it."""
    email = Address.parse(given, field="from_").email
    known = yield from send_as()
    for each in known:
        if each.email.casefold() == email.casefold() and each.verified:
            return each
    usable = ", ".join(each.email for each in known if each.verified)
    raise InvalidRequest(f"from_: this account may not send as {email}.", hint=f"It may send as {usable}.")


def forwarding() -> Call[Forwarding | None]:
    """Ask where all mail is passed on to."""
    return Forwarding.from_json((yield from _asked("autoForwarding", "getAutoForwarding")))


def set_forwarding(wanted: Forwarding | None) -> Call[Forwarding | None]:
    """Pass all mail on; None stops that."""
    value = {"enabled": False} if wanted is None else wanted.to_json()
    return Forwarding.from_json((yield from _put("autoForwarding", "updateAutoForwarding", value)))


def forwarding_addresses() -> Call[tuple[str, ...]]:
    """Ask for the addresses that mail may be passed on to, those that were confirmed."""
    found = yield from _asked("forwardingAddresses", "forwardingAddresses.list")
    listed = objects_of(found, "forwardingAddresses")
    return tuple(text_of(each, "forwardingEmail") for each in listed if each.get("verificationStatus") == "accepted")


def language() -> Call[str]:
    """Ask which language Gmail speaks to the person."""
    return text_of((yield from _asked("language", "getLanguage")), "displayLanguage")


def set_language(tag: str) -> Call[str]:
    """Choose the language; Gmail may settle for one that is near."""
    value = {"displayLanguage": tag}
    return text_of((yield from _put("language", "updateLanguage", value)), "displayLanguage")


def _asked(path: str, verb: str) -> Call[dict[str, Any]]:
    response = yield Request.get(address("settings", path), operation=f"gmail.users.settings.{verb}")
    return json_of(response)


def _put(path: str, verb: str, value: Mapping[str, Any]) -> Call[dict[str, Any]]:
    url, operation = address("settings", path), f"gmail.users.settings.{verb}"
    response = yield Request.json("PUT", url, operation=operation, value=value)
    return json_of(response)
