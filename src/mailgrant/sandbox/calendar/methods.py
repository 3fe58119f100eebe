"""
Calendar v3: every method of the discovery document that a sandbox plays, and the function that does it.
"""

from __future__ import annotations

from mailgrant.sandbox.calendar import channels as calendar_channels
from mailgrant.sandbox.calendar import events as calendar_events
from mailgrant.sandbox.calendar import free_busy, palette
from mailgrant.sandbox.calendar import lists as calendar_lists
from mailgrant.sandbox.calendar import reading as calendar_reading
from mailgrant.sandbox.calendar import settings as calendar_settings
from mailgrant.sandbox.calendar import sharing as calendar_sharing
from mailgrant.sandbox.frame.wire import Handler

HANDLERS: dict[str, Handler] = {
    "calendar.acl.delete": calendar_sharing.delete,
    "calendar.acl.get": calendar_sharing.get,
    "calendar.acl.insert": calendar_sharing.insert,
    "calendar.acl.list": calendar_sharing.list_,
    "calendar.acl.patch": calendar_sharing.patch,
    "calendar.acl.update": calendar_sharing.update,
    "calendar.acl.watch": calendar_channels.watch_acl,
    "calendar.calendarList.delete": calendar_lists.delete_entry,
    "calendar.calendarList.get": calendar_lists.get_entry,
    "calendar.calendarList.insert": calendar_lists.insert_entry,
    "calendar.calendarList.list": calendar_lists.list_entries,
    "calendar.calendarList.patch": calendar_lists.patch_entry,
    "calendar.calendarList.update": calendar_lists.update_entry,
    "calendar.calendarList.watch": calendar_channels.watch_calendar_list,
    "calendar.calendars.clear": calendar_lists.clear,
    "calendar.calendars.delete": calendar_lists.delete,
    "calendar.calendars.get": calendar_lists.get,
    "calendar.calendars.insert": calendar_lists.insert,
    "calendar.calendars.patch": calendar_lists.patch,
    "calendar.calendars.transferOwnership": calendar_lists.transfer_ownership,
    "calendar.calendars.update": calendar_lists.update,
    "calendar.channels.stop": calendar_channels.stop,
    "calendar.colors.get": palette.get,
    "calendar.events.delete": calendar_events.delete,
    "calendar.events.get": calendar_events.get,
    "calendar.events.import": calendar_events.import_,
    "calendar.events.insert": calendar_events.insert,
    "calendar.events.instances": calendar_reading.instances,
    "calendar.events.list": calendar_reading.list_,
    "calendar.events.move": calendar_events.move,
    "calendar.events.patch": calendar_events.patch,
    "calendar.events.quickAdd": calendar_events.quick_add,
    "calendar.events.update": calendar_events.update,
    "calendar.events.watch": calendar_channels.watch_events,
    "calendar.freebusy.query": free_busy.query,
    "calendar.settings.get": calendar_settings.get,
    "calendar.settings.list": calendar_settings.list_,
    "calendar.settings.watch": calendar_channels.watch_settings,
}
