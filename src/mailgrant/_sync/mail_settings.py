# Written by scripts/unasync.py from src/mailgrant/_async/mail_settings.py.
# Do not edit: change that file and run `make sync`.
"""The settings of a mailbox, as verbs of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailgrant.gmail import settings_calls
from mailgrant.gmail.settings import Filter, Forwarding, SendAs, Vacation

if TYPE_CHECKING:
    from .filing import Run


class MailSettings:
    """
    The verbs about a mailbox's settings; their nouns are in `mailgrant.gmail.settings`.

    Reading needs a scope that reads mail, changing `gmail.settings.basic`; forwarding and aliases of
    other people's mailboxes need `gmail.settings.sharing`, which Google gives to service accounts only.
    """

    _run: Run

    def vacation(self) -> Vacation | None:
        """
        Return the answer that goes out while somebody is away, None when there never was one.

        users.settings.getVacation, 1 unit.

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings/getVacation
        """
        return self._run(settings_calls.vacation())

    def set_vacation(self, vacation: Vacation | None) -> Vacation | None:
        """
        Set that answer; None switches it off (users.settings.updateVacation, 5 units).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings/updateVacation
        """
        return self._run(settings_calls.set_vacation(vacation))

    def filters(self) -> tuple[Filter, ...]:
        """
        Return what Gmail does with mail that arrives (users.settings.filters.list, 1 unit).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.filters/list
        """
        return self._run(settings_calls.filters())

    def create_filter(self, filter: Filter, *, create: bool = False) -> Filter:
        """
        Make a filter; `create` makes its labels that are not there yet.

        Raises InvalidRequest when it is for no mail, does nothing, or names a label that is not there
        (users.settings.filters.create, 5 units).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.filters/create
        """
        return self._run(settings_calls.create_filter(filter, create_labels=create))

    def delete_filter(self, filter: str | Filter) -> None:
        """
        Delete a filter by its id; what it did stays done (users.settings.filters.delete, 5 units).

        Raises NotFound when there is none
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.filters/delete).
        """
        filter_id = filter if isinstance(filter, str) else filter.id or ""
        self._run(settings_calls.delete_filter(filter_id))

    def send_as(self) -> tuple[SendAs, ...]:
        """
        Return the addresses that the account may send as, its own first (users.settings.sendAs.list, 1 unit).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.sendAs/list
        """
        return self._run(settings_calls.send_as())

    def edit_send_as(self, send_as: SendAs) -> SendAs:
        """
        Change the name, reply address and signature of one of them (users.settings.sendAs.patch, 100 units).

        Raises NotFound when the account may not send as that
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.sendAs/patch).
        """
        return self._run(settings_calls.edit_send_as(send_as))

    def forwarding(self) -> Forwarding | None:
        """
        Return where all mail is passed on to; None when it is not (users.settings.getAutoForwarding, 1 unit).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings/getAutoForwarding
        """
        return self._run(settings_calls.forwarding())

    def set_forwarding(self, forwarding: Forwarding | None) -> Forwarding | None:
        """
        Pass all mail on to an address that was confirmed; None stops that.

        Needs `gmail.settings.sharing`, so a service account (users.settings.updateAutoForwarding, 5 units).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings/updateAutoForwarding
        """
        return self._run(settings_calls.set_forwarding(forwarding))

    def forwarding_addresses(self) -> tuple[str, ...]:
        """
        Return the confirmed addresses to pass mail on to (users.settings.forwardingAddresses.list, 1 unit).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.forwardingAddresses/list
        """
        return self._run(settings_calls.forwarding_addresses())

    def language(self) -> str:
        """
        Return the language Gmail speaks to the person, such as `pt-BR` (users.settings.getLanguage, 1 unit).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings/getLanguage
        """
        return self._run(settings_calls.language())

    def set_language(self, tag: str) -> str:
        """
        Choose that language and return the one it became (users.settings.updateLanguage; no cost is named).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings/updateLanguage
        """
        return self._run(settings_calls.set_language(tag))
