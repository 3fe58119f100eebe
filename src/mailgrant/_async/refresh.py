"""
Refresh: ask Google for a token once, one asker at a time, and write down what a refusal says.

Processes and hosts take turns at the vault's lease. Whoever holds it asks; the others watch the
vault until the new token is there, or until the lease has run out on their own clock (`vault.lease`).
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailgrant.errors import AdminRefused, ClientBroken, GrantRevoked, NotFound
from mailgrant.vault.lease import POLL, LeaseWatch
from mailgrant.vault.setbacks import begin_asking, client_accepted, client_refused

from .renewal import renew
from .waiting import in_thread, sleep

if TYPE_CHECKING:
    from mailgrant.oauth.credentials import TokenAnswer
    from mailgrant.oauth.scopes import Scopes
    from mailgrant.vault.grant import Grant
    from mailgrant.vault.lease import Lease
    from mailgrant.vault.vault import Vault

    from .line import AsyncLine

T = TypeVar("T", covariant=True)


class Look(Protocol[T]):
    """Looks whether somebody else has made what is wanted."""

    async def __call__(self) -> T | None:
        """Return it, or None."""


class Make(Protocol[T]):
    """Makes what is wanted."""

    async def __call__(self, lease: Lease) -> T:
        """Make it while `lease` is held."""


async def one_at_a_time(vault: Vault, lease_id: str, *, look: Look[T], make: Make[T]) -> T:
    """Return what `look` finds, or what `make` makes: of all who want it at once, one makes it."""
    watch = LeaseWatch(vault.lease_length)
    while True:
        lease = await in_thread(vault.lease, lease_id)
        if watch.may_take(lease, time.monotonic()):
            taken = await in_thread(vault.take_lease, lease)
            if taken is not None:
                return await _holding(vault, taken, look, make)
        await sleep(POLL)
        found = await look()
        if found is not None:
            return found


async def _holding(vault: Vault, lease: Lease, look: Look[T], make: Make[T]) -> T:
    try:
        # Somebody may have been here between our last look and our lease.
        found = await look()
        return found if found is not None else await make(lease)
    finally:
        await in_thread(vault.release, lease)


async def ask_google(vault: Vault, line: AsyncLine, grant: Grant, scopes: Scopes | None) -> TokenAnswer:
    """
    Refresh `grant`, or a part of it, and write down what Google's answer says about the client.

    Raises ClientBroken and AdminRefused from the vault, without asking, while it is too early to try
    again; and what `renew` raises.
    """
    client = await in_thread(begin_asking, vault, grant)
    try:
        answer = await renew(vault, line, client, grant, scopes=scopes)
    except ClientBroken as error:
        await in_thread(client_refused, vault, client, error.message)
        raise
    except (GrantRevoked, AdminRefused, NotFound):
        # What Google says against one grant, it says to a client that it knows.
        await in_thread(client_accepted, vault, client)
        raise
    await in_thread(client_accepted, vault, client)
    # RFC 6749 §5.1: scopes that are not repeated are those that were asked.
    return answer if answer.scopes is not None or scopes is None else replace(answer, scopes=scopes)
