"""
The table of scopes: what each lets an application do, and which methods of Gmail and Calendar accept it.

Kept by hand from Google's discovery documents, so that nothing is read or parsed at start; a test
compares it with the documents that google-api-python-client installs.
"""

from __future__ import annotations

PREFIX = "https://www.googleapis.com/auth/"
GMAIL_FULL_URL = "https://mail.google.com/"

# Scopes whose text is not the prefix and their short name.
IRREGULAR = {
    "openid": "openid",
    "email": f"{PREFIX}userinfo.email",
    "profile": f"{PREFIX}userinfo.profile",
    "gmail.full": GMAIL_FULL_URL,
}

# Other spellings that people and Google itself use, and the short name they mean.
ALIASES = {"userinfo.email": "email", "userinfo.profile": "profile", "mail.google.com": "gmail.full"}

# What a person allows, as the end of "this application may …". The order is the order of lists.
DESCRIPTIONS = {
    "openid": "know which Google account this is",
    "email": "see the address of this account",
    "profile": "see the name and picture of this account",
    "gmail.full": "read, write, send, and delete all mail for ever",
    "gmail.modify": "read, write, send and file mail, but not delete it for ever",
    "gmail.readonly": "read mail and mail settings",
    "gmail.metadata": "see headers and labels of mail, but not its text",
    "gmail.compose": "write drafts and send mail",
    "gmail.send": "send mail",
    "gmail.insert": "put mail into the mailbox",
    "gmail.labels": "see and change labels",
    "gmail.settings.basic": "change mail settings and filters",
    "gmail.settings.sharing": "change who may act for the mailbox, and where its mail is forwarded",
    "gmail.addons.current.action.compose": "write drafts and send mail while its add-on is used",
    "gmail.addons.current.message.action": "read the open message while its add-on is used",
    "gmail.addons.current.message.metadata": "see the headers of the open message while its add-on runs",
    "gmail.addons.current.message.readonly": "read the open message while its add-on runs",
    "calendar": "see, change, share and delete calendars and their events",
    "calendar.readonly": "see calendars and their events",
    "calendar.events": "see and change events in all calendars",
    "calendar.events.readonly": "see events in all calendars",
    "calendar.events.owned": "see and change events in calendars that this account owns",
    "calendar.events.owned.readonly": "see events in calendars that this account owns",
    "calendar.events.public.readonly": "see events in public calendars",
    "calendar.events.freebusy": "see when calendars are busy",
    "calendar.freebusy": "see when this account's calendars are busy",
    "calendar.calendarlist": "see, add and remove calendars in the list of calendars",
    "calendar.calendarlist.readonly": "see the list of calendars",
    "calendar.calendars": "see and change the properties of calendars, and make new ones",
    "calendar.calendars.readonly": "see the title, time zone and other properties of calendars",
    "calendar.acls": "see and change whom this account's calendars are shared with",
    "calendar.acls.readonly": "see whom this account's calendars are shared with",
    "calendar.settings": "see and change calendar settings",
    "calendar.settings.readonly": "see calendar settings",
    "calendar.app.created": "make calendars of its own, and see and change events in them",
}

# A scope with a reach is accepted by a method but shows it less than others do: only some calendars,
# only headers. It stands in for nothing but scopes of the same reach, whatever methods accept it.
REACH = {
    "gmail.metadata": "headers",
    "gmail.addons.current.action.compose": "add-on",
    "gmail.addons.current.message.action": "add-on",
    "gmail.addons.current.message.metadata": "headers in an add-on",
    "gmail.addons.current.message.readonly": "add-on",
    "calendar.events.owned": "owned calendars",
    "calendar.events.owned.readonly": "owned calendars",
    "calendar.events.public.readonly": "public calendars",
    "calendar.events.freebusy": "busy times",
    "calendar.freebusy": "own busy times",
    "calendar.app.created": "own making",
}

# (scopes, methods): each method accepts any one of the scopes. The first is the one to ask for: the
# narrowest that is enough whatever the arguments, or where all have a reach the narrowest of them.
_GMAIL = (
    ("gmail.send gmail.compose gmail.modify gmail.full gmail.addons.current.action.compose", "messages.send"),
    (
        "gmail.compose gmail.modify gmail.full gmail.addons.current.action.compose",
        "drafts.create drafts.update drafts.delete drafts.send",
    ),
    ("gmail.readonly gmail.compose gmail.modify gmail.full", "drafts.get drafts.list"),
    ("gmail.readonly gmail.compose gmail.modify gmail.full gmail.metadata", "getProfile"),
    (
        "gmail.readonly gmail.modify gmail.full gmail.metadata",
        "messages.list threads.list history.list watch stop",
    ),
    (
        "gmail.readonly gmail.modify gmail.full gmail.metadata gmail.addons.current.message.action"
        " gmail.addons.current.message.metadata gmail.addons.current.message.readonly",
        "messages.get threads.get",
    ),
    (
        "gmail.readonly gmail.modify gmail.full gmail.addons.current.message.action"
        " gmail.addons.current.message.readonly",
        "messages.attachments.get",
    ),
    ("gmail.insert gmail.modify gmail.full", "messages.insert messages.import"),
    (
        "gmail.modify gmail.full",
        "messages.modify messages.trash messages.untrash messages.batchModify"
        " threads.modify threads.trash threads.untrash",
    ),
    ("gmail.full", "messages.delete messages.batchDelete threads.delete"),
    ("gmail.labels gmail.readonly gmail.modify gmail.full gmail.metadata", "labels.get labels.list"),
    ("gmail.labels gmail.modify gmail.full", "labels.create labels.update labels.patch labels.delete"),
    (
        "gmail.readonly gmail.settings.basic gmail.modify gmail.full",
        "settings.getAutoForwarding settings.getImap settings.getLanguage settings.getPop settings.getVacation"
        " settings.delegates.get settings.delegates.list settings.filters.get settings.filters.list"
        " settings.forwardingAddresses.get settings.forwardingAddresses.list"
        " settings.sendAs.get settings.sendAs.list",
    ),
    (
        "gmail.readonly gmail.settings.basic gmail.settings.sharing gmail.modify gmail.full",
        "settings.sendAs.smimeInfo.get settings.sendAs.smimeInfo.list settings.cse.identities.get"
        " settings.cse.identities.list settings.cse.keypairs.get settings.cse.keypairs.list",
    ),
    (
        "gmail.settings.basic",
        "settings.updateImap settings.updateLanguage settings.updatePop settings.updateVacation"
        " settings.filters.create settings.filters.delete",
    ),
    (
        "gmail.settings.basic gmail.settings.sharing",
        "settings.sendAs.patch settings.sendAs.update settings.sendAs.smimeInfo.insert"
        " settings.sendAs.smimeInfo.delete settings.sendAs.smimeInfo.setDefault settings.cse.identities.create"
        " settings.cse.identities.patch settings.cse.identities.delete settings.cse.keypairs.create"
        " settings.cse.keypairs.enable settings.cse.keypairs.disable settings.cse.keypairs.obliterate",
    ),
    (
        "gmail.settings.sharing",
        "settings.updateAutoForwarding settings.delegates.create settings.delegates.delete"
        " settings.forwardingAddresses.create settings.forwardingAddresses.delete"
        " settings.sendAs.create settings.sendAs.delete settings.sendAs.verify",
    ),
)

_CALENDAR = (
    (
        "calendar.events.readonly calendar.events calendar.readonly calendar calendar.events.owned.readonly"
        " calendar.events.owned calendar.events.public.readonly calendar.events.freebusy calendar.app.created",
        "events.get events.list events.instances events.watch",
    ),
    (
        "calendar.events calendar calendar.events.owned calendar.app.created",
        "events.insert events.update events.patch events.delete events.import events.quickAdd",
    ),
    ("calendar.events calendar calendar.events.owned", "events.move"),
    ("calendar.freebusy calendar.events.freebusy calendar.readonly calendar", "freebusy.query"),
    (
        "calendar.calendarlist.readonly calendar.calendarlist calendar.readonly calendar",
        "calendarList.list calendarList.watch",
    ),
    (
        "calendar.calendarlist.readonly calendar.calendarlist calendar.readonly calendar calendar.app.created",
        "calendarList.get",
    ),
    ("calendar.calendarlist calendar", "calendarList.insert"),
    (
        "calendar.calendarlist calendar calendar.app.created",
        "calendarList.update calendarList.patch calendarList.delete",
    ),
    (
        "calendar.calendars.readonly calendar.calendars calendar.readonly calendar calendar.app.created",
        "calendars.get",
    ),
    (
        "calendar.calendars calendar calendar.app.created",
        "calendars.insert calendars.update calendars.patch calendars.delete",
    ),
    ("calendar.calendars calendar", "calendars.clear calendars.transferOwnership"),
    ("calendar.acls.readonly calendar.acls calendar.readonly calendar", "acl.get"),
    ("calendar.acls.readonly calendar.acls calendar", "acl.list acl.watch"),
    ("calendar.acls calendar", "acl.insert acl.update acl.patch acl.delete"),
    (
        "calendar.settings.readonly calendar.settings calendar.readonly calendar",
        "settings.get settings.list settings.watch",
    ),
    (
        "calendar.calendarlist.readonly calendar.calendarlist calendar.readonly calendar"
        " calendar.events.owned.readonly calendar.events.owned calendar.events.public.readonly"
        " calendar.events.freebusy calendar.app.created",
        "colors.get",
    ),
    (
        "calendar.events.readonly calendar.events calendar.readonly calendar calendar.calendarlist.readonly"
        " calendar.calendarlist calendar.acls.readonly calendar.acls calendar.settings.readonly calendar.settings"
        " calendar.events.owned.readonly calendar.events.owned calendar.events.public.readonly"
        " calendar.events.freebusy calendar.app.created",
        "channels.stop",
    ),
)

# Method as discovery names it -> the short names of the scopes it accepts, the one to ask for first.
ACCEPTED: dict[str, tuple[str, ...]] = {
    f"{api}.{method}": tuple(scopes.split())
    for api, rows in (("gmail.users", _GMAIL), ("calendar", _CALENDAR))
    for scopes, methods in rows
    for method in methods.split()
}
