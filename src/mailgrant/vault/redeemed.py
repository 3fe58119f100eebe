"""
Redeemed: the grant that follows from what a person answered, beside the one there was.

Pure but for `drop_twins`; `_async/redemption.py` asks Google.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from mailgrant.errors import ConsentError
from mailgrant.oauth.consent import Consent
from mailgrant.oauth.credentials import Credentials, TokenAnswer
from mailgrant.oauth.scopes import Scopes

from .foresight import LIVING
from .grant import Grant

if TYPE_CHECKING:
    from .vault import Vault


def answered(
    consent: Consent,
    answer: TokenAnswer,
    before: Grant | None,
    *,
    account: str,
    sub: str | None,
    key: str,
    now: datetime,
) -> Grant:
    """
    Return the grant that follows from an answer.

    Google's answer says what was granted. An answer without a refresh token never changes what is
    lasting: the grant there was stays as it is; without one there is nothing to keep.
    """
    asked = consent.asked | (before.asked if before else consent.asked)
    if answer.refresh_token is None:
        if before is None or before.credentials.refresh_token is None:
            raise ConsentError(
                "Google gave no refresh token, so this consent would end within the hour. Nothing was kept.",
                hint="Remove the application at myaccount.google.com/connections and ask again.",
            )
        return replace(before, id=key, sub=sub or before.sub, asked=asked)
    granted = granted_by(consent, answer)
    lasting = answer.refresh_token_expires_in
    return Grant(
        account,
        id=key,
        sub=sub,
        user=consent.user,
        client_id=consent.client_id,
        verified=sub is not None,
        asked=asked,
        scopes=granted,
        credentials=Credentials(
            answer.access_token,
            refresh_token=answer.refresh_token,
            expires_at=now + answer.expires_in,
            scopes=granted,
        ),
        consented_at=now,
        ends_at=now + lasting if lasting is not None else None,
        version=before.version if before else 0,
    )


def granted_by(consent: Consent, answer: TokenAnswer) -> Scopes:
    """Return what Google says was granted; what it does not repeat is what was asked (RFC 6749 §5.1)."""
    return answer.scopes if answer.scopes is not None else consent.asked


def is_narrower(consent: Consent, answer: TokenAnswer, before: Grant) -> bool:
    """
    Tell whether an answer leaves out what a living grant holds and this consent did not ask again.

    What was asked again and is not there now is the person's answer, and counts.
    """
    if before.status not in LIVING or answer.refresh_token is None:
        return False
    left_out = granted_by(consent, answer).missing(before.scopes.api)
    return bool(consent.asked.missing(left_out))


def drop_twins(vault: Vault, kept: Grant, replaced: Grant | None) -> None:
    """
    Delete `replaced`, and what else is known of the same person by the address alone.

    What lives and allows more stays: nobody asked to give that up.
    """
    outdone = (
        twin for twin in vault.nameless_twins(kept) if twin.status not in LIVING or kept.scopes.covers(twin.scopes)
    )
    replaced_one = () if replaced is None else (replaced,)
    for twin in {one.id: one for one in (*outdone, *replaced_one)}.values():
        vault.drop(twin)
