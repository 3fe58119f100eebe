# Written by scripts/unasync.py from src/mailgrant/_async/tokens.py.
# Do not edit: change that file and run `make sync`.
"""
Tokens: a fresh access token for one grant, with one refresh however many ask at once.

Tasks and threads of this process take turns at a lock; processes and hosts at the vault's lease
(`refresh`). A token that still works is handed out whatever Google says about the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from mailgrant.errors import AdminRefused, GoogleError, GrantChanged, GrantRevoked, NoAnswer
from mailgrant.oauth.credentials import TokenState
from mailgrant.oauth.scopes import Scope, Scopes
from mailgrant.vault.asking_again import alive, needs_consent
from mailgrant.vault.grant import GrantStatus
from mailgrant.vault.schedule import wants_note

from .waiting import Lock, in_thread

if TYPE_CHECKING:
    from mailgrant.oauth.credentials import TokenAnswer
    from mailgrant.secret import Secret
    from mailgrant.vault.grant import Grant
    from mailgrant.vault.lease import Lease
    from mailgrant.vault.vault import Vault

    from .line import Line
    from .part_tokens import PartTokens

# A revoke by another process is seen at the latest after this long.
RECHECK = timedelta(seconds=30)
# Tokens handed out again and again are one line of the audit in this time, in seconds.
AUDIT_AGAIN = timedelta(hours=1).total_seconds()


class Tokens:
    """The access tokens of one grant."""

    def __init__(self, vault: Vault, line: Line, grant: Grant, clock: Callable[[], datetime]) -> None:
        self.vault = vault
        self.clock = clock
        self._line = line
        self._turn = Lock()
        self._audited: dict[Scopes | None, float] = {}
        self._auditing = Lock()
        self._noting = False
        self._keep(grant)

    @cached_property
    def parts(self) -> PartTokens:
        """The tokens for parts of the grant."""
        from .part_tokens import PartTokens

        return PartTokens(self)

    def grant(self) -> Grant:
        """Return the grant, at most half a minute old; raises ConsentNeeded when it is dead."""
        if time.monotonic() - self._read_at > RECHECK.total_seconds():
            self.reread()
        return alive(self._grant)

    def fresh(self, *, refused: Secret | None = None, or_working: bool = True) -> Secret:
        """
        Return an access token that is good for some minutes yet, refreshing if need be.

        `refused` is a token that Google has just turned down: another one is wanted, whatever its
        expiry says. `or_working`: one with less time left will do when Google gives no other. Raises
        ConsentNeeded when only a person can mend the grant.
        """
        self.grant()
        token = self._usable(refused)
        if token is None:
            token = self._awaited(refused, or_working)
        if wants_note(self._grant, self.clock()):
            self._note_use()
        return token

    def renew(self) -> Grant:
        """Refresh ahead of time, unless somebody has since the grant was read; return the grant as it is then."""
        with self._turn:
            self._refreshed(self._grant.credentials.access_token)
        return self._grant

    def ask(self, scopes: Scopes | None) -> TokenAnswer:
        """
        Ask Google for a token of the grant, or of a part of it, while a lease on that is held.

        Raises GrantRevoked when a newer consent came while Google was asked: then ask again.
        """
        from .refresh import ask_google

        grant = alive(self._grant)
        try:
            return ask_google(self.vault, self._line, grant, scopes)
        except GrantRevoked as error:
            self._bury(grant, error)
            raise

    def reread(self) -> Grant:
        """Read the grant from the vault, and return it."""
        self._keep(in_thread(self.vault.grant, self._grant.id))
        return self._grant

    def expires_at(self) -> datetime | None:
        """Return when the access token last handed out ends."""
        return self._grant.credentials.expires_at

    def note_handed_out(self, scopes: Scopes | None = None) -> None:
        """Write into the audit that a token leaves us, the first time in an hour."""
        if self._is_noted(scopes):
            return
        from mailgrant.vault.setbacks import handed_out

        # Of all who ask at once one writes, and no token leaves before it is written.
        with self._auditing:
            if not self._is_noted(scopes):
                in_thread(handed_out, self.vault, self._grant, scopes)
                self._audited[scopes] = time.monotonic()

    def _is_noted(self, scopes: Scopes | None) -> bool:
        noted_at = self._audited.get(scopes)
        return noted_at is not None and time.monotonic() - noted_at < AUDIT_AGAIN

    def _awaited(self, refused: Secret | None, or_working: bool) -> Secret:
        with self._turn:
            token = self._usable(refused)
            if token is not None:
                return token
            try:
                return self._refreshed(refused)
            except (GoogleError, NoAnswer):
                working = self._working(refused)
                if working is None or not or_working:
                    raise
                return working

    def _refreshed(self, refused: Secret | None) -> Secret:
        from mailgrant.vault.setbacks import check_worth_asking

        from .refresh import one_at_a_time

        in_thread(check_worth_asking, self.vault, self._grant)
        look, make = partial(self._looked, refused), partial(self._refresh, refused)
        return one_at_a_time(self.vault, self._grant.id, look=look, make=make)

    def _looked(self, refused: Secret | None) -> Secret | None:
        self.reread()
        return self._usable(refused)

    def _refresh(self, refused: Secret | None, lease: Lease) -> Secret:
        before = self._grant
        try:
            answer = self.ask(self._asked)
        except GrantRevoked:
            # Still alive: a newer consent came meanwhile, and its token is the one to use.
            return self._usable(refused) or self._refresh(refused, lease)
        except AdminRefused as error:
            self._pause(before, error)
            raise
        used = before.credentials.refresh_token
        self._keep(in_thread(self.vault.keep_refreshed, lease, used=used, answer=answer))
        self._note_resumed(before)
        return answer.access_token

    def _bury(self, grant: Grant, error: GrantRevoked) -> None:
        """Mark the grant dead, unless a newer consent has replaced the token that was refused."""
        from mailgrant.vault.setbacks import bury

        self.reread()
        if self._grant.credentials.refresh_token == grant.credentials.refresh_token:
            self._keep(in_thread(bury, self.vault, self._grant, error.message))
            raise needs_consent(grant, error.message) from error

    def _pause(self, before: Grant, error: AdminRefused) -> None:
        from mailgrant.vault.setbacks import pause

        # Refused anew, not remembered: only that is written down.
        if error.status:
            self._keep(in_thread(pause, self.vault, before, str(error)))

    def _note_resumed(self, before: Grant) -> None:
        if before.status is GrantStatus.PAUSED:
            from mailgrant.vault.setbacks import resumed

            in_thread(resumed, self.vault, before, self._grant)

    def _note_use(self) -> None:
        """Write down that the grant is in use; whoever changed it at the same time knows better."""
        if self._noting:
            return
        self._noting = True
        try:
            self._keep(in_thread(self.vault.note_use, self._grant))
        except GrantChanged:
            self.reread()
        finally:
            self._noting = False

    def _keep(self, grant: Grant) -> None:
        self._grant = grant
        self._read_at = time.monotonic()
        self._asked = without_headers_only(grant.scopes)

    def _usable(self, refused: Secret | None) -> Secret | None:
        credentials = alive(self._grant).credentials
        token = credentials.access_token
        if token is None or token == refused or credentials.state(self.clock()) is not TokenState.FRESH:
            return None
        if self._asked is not None and Scope.GMAIL_METADATA in credentials.scopes:
            return None
        return token

    def _working(self, refused: Secret | None) -> Secret | None:
        """Return the token that is not what is wanted but still works, if that is what we hold."""
        credentials = self._grant.credentials
        works = credentials.state(self.clock()) in (TokenState.FRESH, TokenState.STALE)
        return credentials.access_token if works and credentials.access_token != refused else None


def without_headers_only(scopes: Scopes) -> Scopes | None:
    """
    Return what a token of the whole grant must be narrowed to, None where it need not be.

    Google keeps a token that holds `gmail.metadata` to headers, whatever else it holds.
    """
    wanted = scopes.widened(())
    return wanted if wanted != scopes else None
