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

    from .line import AsyncLine
    from .workplace import AsyncWorkplace


class AsyncRedemption:
    """Turns answered consents into grants."""

    def __init__(self, workplace: AsyncWorkplace) -> None:
        self._workplace = workplace

    async def redeem(self, consent: Consent, redirect: Redirect) -> Grant:
        """
        Exchange the code of a consent that was just taken, and keep the grant.

        Raises WrongAccount when somebody else than asked signed in, ConsentError when Google gave no
        refresh token, and what Google says to the code.
        """
        vault = await self._workplace.vault()
        client = await in_thread(vault.client, consent.client_id)
        answer = await self._workplace.line.ask(
            calls.redeem_code(
                client, code=redirect.code, code_verifier=consent.code_verifier, redirect_uri=consent.redirect_uri
            )
        )
        identity = await self._identity(client, answer) if consent.identity else None
        await self._check_person(consent, identity, answer)
        return await self._keep(consent, answer, identity)

    async def _identity(self, client: ClientSecrets, answer: TokenAnswer) -> Identity:
        if answer.id_token is None:
            raise ConsentError(
                "Google did not say who signed in.", hint="Ask again; nothing was kept. (There was no id_token.)"
            )
        return await identified(self._workplace.line, client, answer.id_token)

    async def _check_person(self, consent: Consent, identity: Identity | None, answer: TokenAnswer) -> None:
        """Refuse somebody else's consent; their tokens are dropped and nothing of theirs is revoked."""
        if identity is None:
            return
        before = await self._before(consent)
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

    async def _before(self, consent: Consent) -> Grant | None:
        """Find the grant that this consent widens, if it is still there."""
        return await self._there(consent.grant_id) if consent.grant_id is not None else None

    async def _there(self, grant_id: str) -> Grant | None:
        vault = await self._workplace.vault()
        try:
            return await in_thread(vault.grant, grant_id)
        except GrantNotFound:
            return None

    async def _keep(self, consent: Consent, answer: TokenAnswer, identity: Identity | None) -> Grant:
        vault = await self._workplace.vault()
        account = identity.email if identity else consent.account
        if account is None:
            raise ConsentError("Nobody knows whose consent this is.", hint="Pass account= when identity=False.")
        sub = identity.sub if identity else None
        key = grant_id(client_id=consent.client_id, sub=sub, account=account, user=consent.user)
        while True:
            nameless = await self._nameless(consent, key)
            before = nameless or await self._there(key)
            if before is not None and is_narrower(consent, answer, before):
                raise await self._not_folded(consent, answer, before)
            grant = answered(consent, answer, before, account=account, sub=sub, key=key, now=self._workplace.clock())
            # One that was forgotten has left its version behind, and of a nameless one none counts.
            if before is None or nameless is not None:
                grant = replace(grant, version=await in_thread(vault.version_of, key))
            try:
                kept = await in_thread(vault.keep, grant)
                await in_thread(drop_twins, vault, kept, nameless)
            except GrantChanged:
                # A refresh wrote between our look and our write. The code is spent, so look again.
                continue
            break
        self._workplace.forget_session(kept.id)
        await in_thread(vault.audit.note_grant, Deed.CONSENT_COMPLETED, kept)
        return kept

    async def _nameless(self, consent: Consent, key: str) -> Grant | None:
        """
        Find the widened grant when it was kept under its address, as an import is, and has a name now.

        It becomes the new one: the same person would otherwise have two.
        """
        before = await self._before(consent)
        if before is None or before.sub is not None or before.id == key or await self._there(key) is not None:
            return None
        return before

    async def _not_folded(self, consent: Consent, answer: TokenAnswer, before: Grant) -> ConsentNeeded:
        """
        Drop a token that leaves out what the grant holds, and say how to ask for all of it.

        From now on everything is asked of whoever widens a grant of this client. Nothing is revoked:
        that would end the whole grant.
        """
        vault = await self._workplace.vault()
        known = await in_thread(vault.known_client, consent.client_id)
        if known.folds:
            await in_thread(vault.keep_client, replace(known, folds=False))
        return not_folded(before, before.scopes.widened(granted_by(consent, answer)))


async def identified(line: AsyncLine, client: ClientSecrets, token: Secret) -> Identity:
    """Return who signed in, as an id_token says that Google has signed."""
    keys = await line.ask(calls.certificates())
    # Real time, whatever clock this object was given: that is what Google signs with.
    return await in_thread(id_token.verify, token, keys=keys, client_id=client.client_id, now=datetime.now(UTC))
