"""Choosing: which of the grants that were found is meant."""

from __future__ import annotations

from mailgrant.errors import GrantNotFound, SettingsError

from .grant import Grant, without_nameless_twins


def the_one(found: tuple[Grant, ...], address: str | None, user: str | None, before: Grant | None = None) -> Grant:
    """Pick the grant that is meant, or raise an error that says which there are."""
    if before is not None:
        found = tuple(grant for grant in found if grant.id == before.id) or found
    elif address is not None and user is None:
        # Who names no user means the grant of none, where there is one.
        found = tuple(grant for grant in found if grant.user is None) or found
    found = without_nameless_twins(found)
    if len(found) == 1:
        return found[0]
    if not found:
        whom = address or (f"user {user}" if user else "anybody")
        raise GrantNotFound(f"There is no grant of {whom} in the vault.")
    raise _several(found)


def _several(found: tuple[Grant, ...]) -> SettingsError:
    """The error for when it is not clear which grant is meant, with what would tell them apart."""
    names = sorted({grant.account for grant in found})
    if len(names) > 1:
        hint = "Say which account is meant: account=… or --account."
    elif len({grant.client_id for grant in found}) > 1:
        clients = ", ".join(sorted({grant.client_id for grant in found}))
        hint = f"They are of several clients; say which is meant: client_id=… or --client ({clients})."
    else:
        hint = "They are of several users; say which is meant: user=…"
    return SettingsError(f"Several grants fit: {', '.join(names)}.", hint=hint)
