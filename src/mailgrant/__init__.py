"""
Act on people's Gmail and Calendar with their consent, never their password.

    import mailgrant

    me = mailgrant.connect("gmail.send")
    me.gmail.send(to="ada@example.com", subject="Minutes", text="Attached.", attachments=["minutes.pdf"])

This module only names the public surface; every name is loaded when it is first used, so that
`import mailgrant` stays quick. All exceptions live in `mailgrant.errors`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    from ._async.account import AsyncAccount
    from ._async.client import AsyncMailgrant, connect_async
    from ._async.fast_transport import AsyncFastTransport
    from ._sync.account import Account
    from ._sync.client import Mailgrant, connect
    from ._sync.fast_transport import FastTransport
    from .calendar.attendee import Attendee
    from .calendar.event import Calendar, Event
    from .calendar.free_busy import WorkingHours
    from .calendar.recurrence import Recurrence
    from .calendar.reminder import Reminder
    from .errors import (
        ConsentNeeded,
        GoogleError,
        MailgrantError,
        NoAnswer,
        OutcomeUnknown,
    )
    from .gmail.address import Address
    from .gmail.draft import Draft
    from .gmail.label import Label
    from .gmail.message import Attachment, Message, Sent, Thread
    from .gmail.query import Query
    from .oauth.client_secrets import ClientSecrets
    from .oauth.consent import Consent
    from .oauth.scopes import Scope, Scopes
    from .secret import Secret
    from .settings import Settings
    from .vault.client import KnownClient
    from .vault.grant import Grant

__all__ = [
    "connect",
    "connect_async",
    "Mailgrant",
    "AsyncMailgrant",
    "MailgrantError",
    "ConsentNeeded",
    "OutcomeUnknown",
    "NoAnswer",
    "GoogleError",
    "Account",
    "Address",
    "AsyncAccount",
    "AsyncFastTransport",
    "Attachment",
    "Attendee",
    "Calendar",
    "ClientSecrets",
    "Consent",
    "Draft",
    "Event",
    "FastTransport",
    "Grant",
    "KnownClient",
    "Label",
    "Message",
    "Query",
    "Recurrence",
    "Reminder",
    "Scope",
    "Scopes",
    "Secret",
    "Sent",
    "Settings",
    "Thread",
    "WorkingHours",
    "__version__",
]

_HOMES = {
    "_sync.client": ("connect", "Mailgrant"),
    "_sync.account": ("Account",),
    "_async.client": ("connect_async", "AsyncMailgrant"),
    "_async.account": ("AsyncAccount",),
    "_async.fast_transport": ("AsyncFastTransport",),
    "_sync.fast_transport": ("FastTransport",),
    "calendar.attendee": ("Attendee",),
    "calendar.event": ("Calendar", "Event"),
    "calendar.free_busy": ("WorkingHours",),
    "calendar.recurrence": ("Recurrence",),
    "calendar.reminder": ("Reminder",),
    "errors": ("MailgrantError", "ConsentNeeded", "OutcomeUnknown", "NoAnswer", "GoogleError"),
    "gmail.address": ("Address",),
    "gmail.draft": ("Draft",),
    "gmail.label": ("Label",),
    "gmail.message": ("Attachment", "Message", "Sent", "Thread"),
    "gmail.query": ("Query",),
    "oauth.client_secrets": ("ClientSecrets",),
    "oauth.consent": ("Consent",),
    "oauth.scopes": ("Scope", "Scopes"),
    "secret": ("Secret",),
    "settings": ("Settings",),
    "vault.client": ("KnownClient",),
    "vault.grant": ("Grant",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name on first use (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
