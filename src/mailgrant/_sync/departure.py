# Written by scripts/unasync.py from src/mailgrant/_async/departure.py.
# Do not edit: change that file and run `make sync`.
"""
Departure: take a grant back at Google and let it go here.

Marked first, then revoked, then deleted: whatever stops us on the way, nobody uses a grant that its
owner wanted gone, and the same step can be repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailgrant.oauth import calls
from mailgrant.vault.audit import Deed
from mailgrant.vault.grant import GrantStatus

from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.vault.grant import Grant

    from .workplace import Workplace


REASON = "The grant was revoked here."


def forget(workplace: Workplace, grant: Grant, *, at_google: bool, here: bool) -> Grant:
    """Revoke `grant` `at_google`, delete it `here`, or both; return it as it was last."""
    vault = workplace.vault()
    workplace.forget_session(grant.id)
    # One that is known by the address alone would stand up in the place of the one with the name.
    twins = in_thread(vault.nameless_twins, grant)
    *rest, marked = [in_thread(vault.mark, one, GrantStatus.REVOKED, REASON) for one in (*twins, grant)]
    cache = workplace.cache()
    if cache is not None:
        in_thread(cache.forget, *(one.id for one in (*rest, marked)))
    # The refresh token: an access token that has run out can no longer revoke anything. A service
    # account's grant has none, and only an administrator takes it back.
    token = grant.credentials.refresh_token
    if at_google and token is not None:
        workplace.line.ask(calls.revoke(token))
        in_thread(vault.audit.note_grant, Deed.REVOKED, grant, detail="at Google")
    if here:
        for one in (*rest, marked):
            in_thread(vault.drop, one)
        detail = "" if at_google else "kept at Google"
        in_thread(vault.audit.note_grant, Deed.FORGOTTEN, grant, detail=detail)
    return marked
