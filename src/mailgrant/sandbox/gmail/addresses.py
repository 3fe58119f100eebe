"""users.settings.sendAs, forwardingAddresses and delegates: who else belongs to a mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailgrant.sandbox.frame.wire import ApiCall, Handler
from mailgrant.sandbox.mail import refusals
from mailgrant.sandbox.mail.aliases import ACCEPTED, PENDING, checked_address

MOST_DELEGATES = 25
SHARING_SCOPE = "https://www.googleapis.com/auth/gmail.settings.sharing"
MANAGEMENT = "gmail-noreply@google.com"


def list_aliases(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.sendAs.list."""
    return {"sendAs": list(call.person.settings.aliases)}


def get_alias(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.sendAs.get."""
    return call.person.settings.aliases.find(call.params["sendAsEmail"])


def create_alias(call: ApiCall) -> dict[str, Any]:
    """
    Answer users.settings.sendAs.create.

    An address of the organisation's own domain is believed; another's owner is asked, and it needs a server.
    """
    address = checked_address(call.body.get("sendAsEmail", ""), "sendAsEmail")
    if not _is_of_own_domain(call, address) and "smtpMsa" not in call.body:
        raise refusals.invalid("Custom from requires smtpMsa configuration")
    alias = call.person.settings.aliases.add(call.body, _first_status(call, address))
    if alias["verificationStatus"] == PENDING:
        _ask_owner(call, address, "to send mail as this address")
    return alias


def update_alias(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.sendAs.update: what the body leaves out goes back to its default."""
    return _change_alias(call, replace=True)


def patch_alias(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.sendAs.patch: what the body leaves out stays."""
    return _change_alias(call, replace=False)


def delete_alias(call: ApiCall) -> None:
    """Answer users.settings.sendAs.delete."""
    call.person.settings.aliases.remove(call.params["sendAsEmail"])


def verify_alias(call: ApiCall) -> None:
    """Answer users.settings.sendAs.verify: its owner is asked once more."""
    alias = call.person.settings.aliases.find(call.params["sendAsEmail"])
    if alias.get("verificationStatus") != PENDING:
        raise refusals.precondition()
    _ask_owner(call, alias["sendAsEmail"], "to send mail as this address")


def list_forwarding_addresses(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.forwardingAddresses.list."""
    held = list(call.person.settings.forwarding)
    return {"forwardingAddresses": held} if held else {}


def get_forwarding_address(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.forwardingAddresses.get."""
    found = call.person.settings.forwarding.find(call.params["forwardingEmail"])
    if found is None:
        raise refusals.not_found()
    return found


def create_forwarding_address(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.forwardingAddresses.create; who is to get the mail is asked first."""
    held = call.person.settings.forwarding
    address = checked_address(call.body.get("forwardingEmail", ""), "forwardingEmail")
    if held.find(address) is not None:
        raise refusals.already_exists()
    made = held.add(address, _first_status(call, address))
    if made["verificationStatus"] == PENDING:
        _ask_owner(call, address, "to forward mail to this address")
    return made


def delete_forwarding_address(call: ApiCall) -> None:
    """Answer users.settings.forwardingAddresses.delete."""
    call.person.settings.forget_forwarding(get_forwarding_address(call)["forwardingEmail"])


def list_delegates(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.delegates.list; an account without any has no key for them."""
    _want_administrator(call)
    held = list(call.person.settings.delegates.values())
    return {"delegates": held} if held else {}


def get_delegate(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.delegates.get."""
    _want_administrator(call)
    found = call.person.settings.delegates.get(call.params["delegateEmail"].casefold())
    if found is None:
        raise refusals.not_found()
    return found


def create_delegate(call: ApiCall) -> dict[str, Any]:
    """Answer users.settings.delegates.create: only people of the same organisation, and nobody is asked."""
    held = call.person.settings.delegates
    address = checked_address(call.body.get("delegateEmail", ""), "delegateEmail")
    other = call.world.people.find(address)
    if other is None or other is call.person or other.hosted_domain is None:
        raise refusals.invalid("Invalid delegate")
    if other.hosted_domain.casefold() != (call.person.hosted_domain or "").casefold():
        raise refusals.invalid("Invalid delegate")
    if address.casefold() in held:
        raise refusals.already_exists()
    if len(held) >= MOST_DELEGATES:
        raise refusals.precondition(f"Number of delegates cannot exceed {MOST_DELEGATES}")
    held[address.casefold()] = {"delegateEmail": other.email, "verificationStatus": ACCEPTED}
    return held[address.casefold()]


def delete_delegate(call: ApiCall) -> None:
    """Answer users.settings.delegates.delete."""
    get_delegate(call)
    del call.person.settings.delegates[call.params["delegateEmail"].casefold()]


def _change_alias(call: ApiCall, *, replace: bool) -> dict[str, Any]:
    aliases = call.person.settings.aliases
    alias = aliases.find(call.params["sendAsEmail"])
    if alias is not aliases.primary:
        _want_administrator(call)
    return aliases.change(call.params["sendAsEmail"], call.body, replace=replace)


def _want_administrator(call: ApiCall) -> None:
    """Nobody but an organisation's service account ever holds the scope, so holding it is enough here."""
    if SHARING_SCOPE not in call.scopes:
        raise refusals.administrators_only()


def _is_of_own_domain(call: ApiCall, address: str) -> bool:
    return address.casefold().partition("@")[2] == call.person.email.casefold().partition("@")[2]


def _first_status(call: ApiCall, address: str) -> str:
    return ACCEPTED if call.person.workspace and _is_of_own_domain(call, address) else PENDING


def _ask_owner(call: ApiCall, address: str, what: str) -> None:
    """Write to an address; `POST /_sandbox/accounts/{email}/confirm` is the click on the link in that mail."""
    from email import policy
    from email.message import EmailMessage
    from email.utils import format_datetime

    mail = EmailMessage(policy.SMTP)
    mail["From"] = f"Gmail Team <{MANAGEMENT}>"
    mail["To"] = address
    mail["Subject"] = f"Gmail Confirmation - {call.person.email} asks {what}"
    mail["Date"] = format_datetime(call.now)
    mail["Message-ID"] = f"<{call.world.ids.text('message-id', 32)}@mail.gmail.com>"
    mail["Auto-Submitted"] = "auto-generated"
    link = f"https://mail.google.com/mail/f-{call.world.ids.text('confirmation', 32)}"
    mail.set_content(f"{call.person.email} asks {what}.\n\nTo allow it, open {link}\n")
    call.world.post.dispatch(call.person, mail.as_bytes(), (address,), method="settings")


HANDLERS: Mapping[str, Handler] = {
    "gmail.users.settings.sendAs.list": list_aliases,
    "gmail.users.settings.sendAs.get": get_alias,
    "gmail.users.settings.sendAs.create": create_alias,
    "gmail.users.settings.sendAs.update": update_alias,
    "gmail.users.settings.sendAs.patch": patch_alias,
    "gmail.users.settings.sendAs.delete": delete_alias,
    "gmail.users.settings.sendAs.verify": verify_alias,
    "gmail.users.settings.forwardingAddresses.list": list_forwarding_addresses,
    "gmail.users.settings.forwardingAddresses.get": get_forwarding_address,
    "gmail.users.settings.forwardingAddresses.create": create_forwarding_address,
    "gmail.users.settings.forwardingAddresses.delete": delete_forwarding_address,
    "gmail.users.settings.delegates.list": list_delegates,
    "gmail.users.settings.delegates.get": get_delegate,
    "gmail.users.settings.delegates.create": create_delegate,
    "gmail.users.settings.delegates.delete": delete_delegate,
}
