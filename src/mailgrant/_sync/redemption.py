# Written by scripts/unasync.py from src/mailgrant/_async/redemption.py.
# Do not edit: change that file and run `make sync`.
"""
Redemption: from an authorization code to a grant that is kept (RFC 6749 §4.1.3).

Exchange the code, find out who signed in, refuse the wrong person, and write down what was really
granted beside what was asked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailgrant.errors import ConsentError, ConsentNeeded, GrantChanged, GrantNotFound, WrongAccount
from mailgrant.oauth import calls, id_token
from mailgrant.oauth.credentials import Credentials
from mailgrant.vault.audit import Deed
from mailgrant.vault.foresight import LIVING
from mailgrant.vault.grant import Grant, grant_id

from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.oauth.client_secrets import ClientSecrets
    from mailgrant.oauth.consent import Consent, Redirect
    from mailgrant.oauth.credentials import TokenAnswer
    from mailgrant.oauth.id_token import Identity
    from mailgrant.oauth.scopes import Scopes
    from mailgrant.vault.vault import Vault

    from .workplace import Workplace


class Redemption:
    """Turns answered consents into grants."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace

    def redeem(self, consent: Consent, redirect: Redirect) -> Grant:
        """
        Exchange the code of a consent that was just taken, and keep the grant.

        Raises WrongAccount when somebody else than asked signed in, ConsentError when Google gave no
        refresh token, and what Google says to the code.
        """
        vault = self._workplace.vault()
        client = in_thread(vault.client, consent.client_id)
        answer = self._workplace.line.ask(
            calls.redeem_code(
                client, code=redirect.code, code_verifier=consent.code_verifier, redirect_uri=consent.redirect_uri
            )
        )
        identity = self._identify(client, answer) if consent.identity else None
        self._check_person(consent, identity, answer)
        return self._keep(consent, answer, identity)

    def _identify(self, client: ClientSecrets, answer: TokenAnswer) -> Identity:
        if answer.id_token is None:
            raise ConsentError(
                "Google did not say who signed in.", hint="Ask again; nothing was kept. (There was no id_token.)"
            )
        keys = self._workplace.line.ask(calls.certificates())
        # Real time, whatever clock this object was given: that is what Google signs with.
        return in_thread(id_token.verify, answer.id_token, keys=keys, client_id=client.client_id, now=datetime.now(UTC))

    def _check_person(self, consent: Consent, identity: Identity | None, answer: TokenAnswer) -> None:
        """Refuse somebody else's consent; their tokens are dropped and nothing of theirs is revoked."""
        if identity is None:
            return
        before = self._before(consent)
        if before is not None and before.sub is not None:
            right, expected = before.sub == identity.sub, before.account
        elif consent.account is not None:
            right, expected = id_token.same_person(consent.account, identity), consent.account
        else:
            return
        if not right:
            token = answer.refresh_token or answer.access_token
            raise WrongAccount(
                f"{identity.email} signed in, but {expected} was asked. Nothing was kept.",
                expected=expected,
                signed_in=identity.email,
                revoke=lambda: self._workplace.line.ask(calls.revoke(token)),
            )

    def _before(self, consent: Consent) -> Grant | None:
        """Find the grant that this consent widens, if it is still there."""
        return self._there(consent.grant_id) if consent.grant_id is not None else None

    def _there(self, grant_id: str) -> Grant | None:
        vault = self._workplace.vault()
        try:
            return in_thread(vault.grant, grant_id)
        except GrantNotFound:
            return None

    def _keep(self, consent: Consent, answer: TokenAnswer, identity: Identity | None) -> Grant:
        vault = self._workplace.vault()
        account = identity.email if identity else consent.account
        if account is None:
            raise ConsentError("Nobody knows whose consent this is.", hint="Pass account= when identity=False.")
        sub = identity.sub if identity else None
        key = grant_id(client_id=consent.client_id, sub=sub, account=account, user=consent.user)
        while True:
            nameless = self._nameless(consent, key)
            before = nameless or self._there(key)
            if before is not None and is_narrower(consent, answer, before):
                raise self._not_folded(consent, answer, before)
            grant = answered(consent, answer, before, account=account, sub=sub, key=key, now=self._workplace.clock())
            # One that was forgotten has left its version behind, and of a nameless one none counts.
            if before is None or nameless is not None:
                grant = replace(grant, version=in_thread(vault.version_of, key))
            try:
                kept = in_thread(vault.keep, grant)
                in_thread(drop_twins, vault, kept, nameless)
            except GrantChanged:
                # A refresh wrote between our look and our write. The code is spent, so look again.
                continue
            break
        self._workplace.forget_session(kept.id)
        in_thread(vault.audit.note_grant, Deed.CONSENT_COMPLETED, kept)
        return kept

    def _nameless(self, consent: Consent, key: str) -> Grant | None:
        """
        Find the widened grant when it was kept under its address, as an import is, and has a name now.

        It becomes the new one: the same person would otherwise have two.
        """
        before = self._before(consent)
        if before is None or before.sub is not None or before.id == key or self._there(key) is not None:
            return None
        return before

    def _not_folded(self, consent: Consent, answer: TokenAnswer, before: Grant) -> ConsentNeeded:
        """
        Drop a token that leaves out what the grant holds, and say how to ask for all of it.

        From now on everything is asked of whoever widens a grant of this client. Nothing is revoked:
        that would end the whole grant.
        """
        vault = self._workplace.vault()
        known = in_thread(vault.known_client, consent.client_id)
        if known.folds:
            in_thread(vault.keep_client, replace(known, folds=False))
        everything = before.scopes.widened(granted_by(consent, answer))
        return ConsentNeeded(
            f"{before.account} allowed it, but Google's token leaves out what they had allowed before. "
            "It was dropped, and the grant stays as it was.",
            hint="Ask once more: everything is asked together then, and from now on.",
            account=before.account,
            user=before.user,
            client_id=before.client_id,
            scopes=everything,
            missing=everything,
        )


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
