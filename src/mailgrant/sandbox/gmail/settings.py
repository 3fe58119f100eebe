"""users.settings: how a mailbox treats mail by itself, and how other programs read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mailgrant.sandbox.frame.quota import Profile
from mailgrant.sandbox.frame.wire import ApiCall, Handler
from mailgrant.sandbox.gmail import calls as gmail_calls
from mailgrant.sandbox.mail import filters, refusals, vacation
from mailgrant.sandbox.mail.arrival import DISPOSITIONS
from mailgrant.sandbox.mail.settings import MailSettings

FOLDER_SIZES = frozenset({0, 1000, 2000, 5000, 10_000})
LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z0-9]{2,8}))?", re.ASCII)
# Gmail names these by their language alone.
PLAIN_LANGUAGES = frozenset({"en-US", "fr-FR", "de-DE", "it-IT", "ja-JP", "ko-KR"})


def settings(call: ApiCall) -> MailSettings:
    """Return the caller's settings."""
    return call.person.settings


def get_auto_forwarding(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.getAutoForwarding."""
    return settings(call).auto_forwarding


def update_auto_forwarding(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.updateAutoForwarding."""
    changed: dict[str, Any] = {"enabled": False}
    if call.body.get("enabled"):
        address, disposition = call.body.get("emailAddress", ""), call.body.get("disposition", "leaveInInbox")
        if not settings(call).forwarding.accepts(address):
            raise refusals.unknown_forwarding_address()
        if disposition not in DISPOSITIONS:
            raise refusals.invalid("Invalid disposition")
        changed = {"enabled": True, "emailAddress": address, "disposition": disposition}
    settings(call).auto_forwarding = changed
    return changed


def get_imap(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.getImap."""
    return settings(call).imap


def update_imap(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.updateImap: what the body leaves out goes back to nothing."""
    changed = {
        "enabled": call.body.get("enabled", False),
        "autoExpunge": call.body.get("autoExpunge", False),
        "expungeBehavior": call.body.get("expungeBehavior", "archive"),
        "maxFolderSize": call.body.get("maxFolderSize", 0),
    }
    if changed["maxFolderSize"] not in FOLDER_SIZES:
        raise refusals.invalid("Invalid maxFolderSize")
    if changed["expungeBehavior"] == "expungeBehaviorUnspecified":
        raise refusals.invalid("Invalid expungeBehavior")
    settings(call).imap = changed
    return changed


def get_pop(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.getPop."""
    return settings(call).pop


def update_pop(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.updatePop."""
    changed = {
        "accessWindow": call.body.get("accessWindow", "accessWindowUnspecified"),
        "disposition": call.body.get("disposition", "dispositionUnspecified"),
    }
    for name, value in changed.items():
        if value.endswith("Unspecified"):
            raise refusals.invalid(f"Invalid {name}")
    settings(call).pop = changed
    return changed


def get_language(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.getLanguage."""
    return settings(call).language


def update_language(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.updateLanguage; what is kept is the name Gmail has for the language."""
    asked = LANGUAGE.fullmatch(call.body.get("displayLanguage", ""))
    if asked is None:
        raise refusals.invalid("Invalid displayLanguage")
    language, region = asked[1].lower(), (asked[2] or "").upper()
    known = f"{language}-{region}" if region else language
    settings(call).language = {"displayLanguage": language if known in PLAIN_LANGUAGES else known}
    return settings(call).language


def get_vacation(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.getVacation."""
    return settings(call).vacation


def update_vacation(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.updateVacation; who was answered before is answered anew."""
    settings(call).vacation = vacation.checked(call.body, workspace=call.person.workspace)
    settings(call).answered.clear()
    return settings(call).vacation


def list_filters(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.filters.list; the key is a singular."""
    held = list(settings(call).filters)
    return {"filter": held} if held else {}


def get_filter(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.filters.get."""
    return settings(call).filters.find(call.params["id"])


def create_filter(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.filters.create."""
    criteria, action = call.body.get("criteria", {}), call.body.get("action", {})
    filters.check(criteria, action, gmail_calls.mailbox(call))
    held, forward = settings(call).filters, action.get("forward", "")
    if forward and not settings(call).forwarding.accepts(forward):
        raise refusals.unknown_forwarding_address()
    if forward and call.world.quota is not Profile.OFF and not held.count_forwarding(call.world.clock.lived):
        raise refusals.limit_reached(call.now, "Forwarding rules")
    return held.add(f"ANe1Bm{call.world.ids.text('filter', 30)}", criteria, action)


def delete_filter(call: ApiCall) -> None:
    """Answer users.settings.filters.delete."""
    settings(call).filters.remove(call.params["id"])


HANDLERS: Mapping[str, Handler] = {
    "gmail.users.settings.getAutoForwarding": get_auto_forwarding,
    "gmail.users.settings.updateAutoForwarding": update_auto_forwarding,
    "gmail.users.settings.getImap": get_imap,
    "gmail.users.settings.updateImap": update_imap,
    "gmail.users.settings.getPop": get_pop,
    "gmail.users.settings.updatePop": update_pop,
    "gmail.users.settings.getLanguage": get_language,
    "gmail.users.settings.updateLanguage": update_language,
    "gmail.users.settings.getVacation": get_vacation,
    "gmail.users.settings.updateVacation": update_vacation,
    "gmail.users.settings.filters.list": list_filters,
    "gmail.users.settings.filters.get": get_filter,
    "gmail.users.settings.filters.create": create_filter,
    "gmail.users.settings.filters.delete": delete_filter,
}
