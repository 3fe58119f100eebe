"""
Which scopes each API method accepts, as Google's discovery documents say it.

A table and nothing else: short names of scopes, and the methods that any one of them opens. A test
compares it with the documents of the installed google-api-python-client, so that a new method or
scope is noticed.
"""

from __future__ import annotations

ACCEPTED: tuple[tuple[str, str], ...] = (
    (
        "mail.google.com gmail.compose gmail.metadata gmail.modify gmail.readonly",
        "gmail.users.getProfile",
    ),
    (
        "mail.google.com gmail.metadata gmail.modify gmail.readonly",
        "gmail.users.stop gmail.users.watch gmail.users.history.list gmail.users.messages.list "
        "gmail.users.threads.list",
    ),
    (
        "mail.google.com gmail.addons.current.action.compose gmail.compose gmail.modify",
        "gmail.users.drafts.create gmail.users.drafts.delete gmail.users.drafts.send gmail.users.drafts.update",
    ),
    (
        "mail.google.com gmail.compose gmail.modify gmail.readonly",
        "gmail.users.drafts.get gmail.users.drafts.list",
    ),
    (
        "mail.google.com gmail.labels gmail.modify",
        "gmail.users.labels.create gmail.users.labels.delete gmail.users.labels.patch gmail.users.labels.update",
    ),
    (
        "mail.google.com gmail.labels gmail.metadata gmail.modify gmail.readonly",
        "gmail.users.labels.get gmail.users.labels.list",
    ),
    (
        "mail.google.com",
        "gmail.users.messages.batchDelete gmail.users.messages.delete gmail.users.threads.delete",
    ),
    (
        "mail.google.com gmail.modify",
        "gmail.users.messages.batchModify gmail.users.messages.modify gmail.users.messages.trash "
        "gmail.users.messages.untrash gmail.users.threads.modify gmail.users.threads.trash "
        "gmail.users.threads.untrash",
    ),
    (
        "mail.google.com gmail.addons.current.message.action gmail.addons.current.message.metadata "
        "gmail.addons.current.message.readonly gmail.metadata gmail.modify gmail.readonly",
        "gmail.users.messages.get gmail.users.threads.get",
    ),
    (
        "mail.google.com gmail.insert gmail.modify",
        "gmail.users.messages.import gmail.users.messages.insert",
    ),
    (
        "mail.google.com gmail.addons.current.action.compose gmail.compose gmail.modify gmail.send",
        "gmail.users.messages.send",
    ),
    (
        "mail.google.com gmail.addons.current.message.action gmail.addons.current.message.readonly gmail.modify "
        "gmail.readonly",
        "gmail.users.messages.attachments.get",
    ),
    (
        "mail.google.com gmail.modify gmail.readonly gmail.settings.basic",
        "gmail.users.settings.getAutoForwarding gmail.users.settings.getImap gmail.users.settings.getLanguage "
        "gmail.users.settings.getPop gmail.users.settings.getVacation gmail.users.settings.delegates.get "
        "gmail.users.settings.delegates.list gmail.users.settings.filters.get gmail.users.settings.filters.list "
        "gmail.users.settings.forwardingAddresses.get gmail.users.settings.forwardingAddresses.list "
        "gmail.users.settings.sendAs.get gmail.users.settings.sendAs.list",
    ),
    (
        "gmail.settings.sharing",
        "gmail.users.settings.updateAutoForwarding gmail.users.settings.delegates.create "
        "gmail.users.settings.delegates.delete gmail.users.settings.forwardingAddresses.create "
        "gmail.users.settings.forwardingAddresses.delete gmail.users.settings.sendAs.create "
        "gmail.users.settings.sendAs.delete gmail.users.settings.sendAs.verify",
    ),
    (
        "gmail.settings.basic",
        "gmail.users.settings.updateImap gmail.users.settings.updateLanguage gmail.users.settings.updatePop "
        "gmail.users.settings.updateVacation gmail.users.settings.filters.create "
        "gmail.users.settings.filters.delete",
    ),
    (
        "gmail.settings.basic gmail.settings.sharing",
        "gmail.users.settings.cse.identities.create gmail.users.settings.cse.identities.delete "
        "gmail.users.settings.cse.identities.patch gmail.users.settings.cse.keypairs.create "
        "gmail.users.settings.cse.keypairs.disable gmail.users.settings.cse.keypairs.enable "
        "gmail.users.settings.cse.keypairs.obliterate gmail.users.settings.sendAs.patch "
        "gmail.users.settings.sendAs.update gmail.users.settings.sendAs.smimeInfo.delete "
        "gmail.users.settings.sendAs.smimeInfo.insert gmail.users.settings.sendAs.smimeInfo.setDefault",
    ),
    (
        "mail.google.com gmail.modify gmail.readonly gmail.settings.basic gmail.settings.sharing",
        "gmail.users.settings.cse.identities.get gmail.users.settings.cse.identities.list "
        "gmail.users.settings.cse.keypairs.get gmail.users.settings.cse.keypairs.list "
        "gmail.users.settings.sendAs.smimeInfo.get gmail.users.settings.sendAs.smimeInfo.list",
    ),
    (
        "calendar calendar.acls",
        "calendar.acl.delete calendar.acl.insert calendar.acl.patch calendar.acl.update",
    ),
    (
        "calendar calendar.acls calendar.acls.readonly calendar.readonly",
        "calendar.acl.get",
    ),
    (
        "calendar calendar.acls calendar.acls.readonly",
        "calendar.acl.list calendar.acl.watch",
    ),
    (
        "calendar calendar.app.created calendar.calendarlist",
        "calendar.calendarList.delete calendar.calendarList.patch calendar.calendarList.update",
    ),
    (
        "calendar calendar.app.created calendar.calendarlist calendar.calendarlist.readonly calendar.readonly",
        "calendar.calendarList.get",
    ),
    (
        "calendar calendar.calendarlist",
        "calendar.calendarList.insert",
    ),
    (
        "calendar calendar.calendarlist calendar.calendarlist.readonly calendar.readonly",
        "calendar.calendarList.list calendar.calendarList.watch",
    ),
    (
        "calendar calendar.calendars",
        "calendar.calendars.clear calendar.calendars.transferOwnership",
    ),
    (
        "calendar calendar.app.created calendar.calendars",
        "calendar.calendars.delete calendar.calendars.insert calendar.calendars.patch calendar.calendars.update",
    ),
    (
        "calendar calendar.app.created calendar.calendars calendar.calendars.readonly calendar.readonly",
        "calendar.calendars.get",
    ),
    (
        "calendar calendar.acls calendar.acls.readonly calendar.app.created calendar.calendarlist "
        "calendar.calendarlist.readonly calendar.events calendar.events.freebusy calendar.events.owned "
        "calendar.events.owned.readonly calendar.events.public.readonly calendar.events.readonly "
        "calendar.readonly calendar.settings calendar.settings.readonly",
        "calendar.channels.stop",
    ),
    (
        "calendar calendar.app.created calendar.calendarlist calendar.calendarlist.readonly "
        "calendar.events.freebusy calendar.events.owned calendar.events.owned.readonly "
        "calendar.events.public.readonly calendar.readonly",
        "calendar.colors.get",
    ),
    (
        "calendar calendar.app.created calendar.events calendar.events.owned",
        "calendar.events.delete calendar.events.import calendar.events.insert calendar.events.patch "
        "calendar.events.quickAdd calendar.events.update",
    ),
    (
        "calendar calendar.app.created calendar.events calendar.events.freebusy calendar.events.owned "
        "calendar.events.owned.readonly calendar.events.public.readonly calendar.events.readonly "
        "calendar.readonly",
        "calendar.events.get calendar.events.instances calendar.events.list calendar.events.watch",
    ),
    (
        "calendar calendar.events calendar.events.owned",
        "calendar.events.move",
    ),
    (
        "calendar calendar.events.freebusy calendar.freebusy calendar.readonly",
        "calendar.freebusy.query",
    ),
    (
        "calendar calendar.readonly calendar.settings calendar.settings.readonly",
        "calendar.settings.get calendar.settings.list calendar.settings.watch",
    ),
)
