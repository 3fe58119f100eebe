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
from mailgrant.vault.asking_again import not_folded
from mailgrant.vault.audit import Deed
from mailgrant.vault.grant import Grant, grant_id
from mailgrant.vault.redeemed import answered, drop_twins, granted_by, is_narrower

from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.oauth.client_secrets import ClientSecrets
    from mailgrant.oauth.consent import Consent, Redirect
    from mailgrant.oauth.credentials import TokenAnswer
    from mailgrant.oauth.id_token import Identity
    from mailgrant.secret import Secret

    from .line import Line
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
        identity = self._identity(client, answer) if consent.identity else None
        self._check_person(consent, identity, answer)
        return self._keep(consent, answer, identity)

    def _identity(self, client: ClientSecrets, answer: TokenAnswer) -> Identity:
        if answer.id_token is None:
            raise ConsentError(
                "Google did not say who signed in.", hint="Ask again; nothing was kept. (There was no id_token.)"
            )
        return identified(self._workplace.line, client, answer.id_token)

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
        return not_folded(before, before.scopes.widened(granted_by(consent, answer)))


def identified(line: Line, client: ClientSecrets, token: Secret) -> Identity:
    """Return who signed in, as an id_token says that Google has signed."""
    keys = line.ask(calls.certificates())
    # Real time, whatever clock this object was given: that is what Google signs with.
    return in_thread(id_token.verify, token, keys=keys, client_id=client.client_id, now=datetime.now(UTC))
