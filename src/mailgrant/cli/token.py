"""`mailgrant token`: an access token for scripts and mail programs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import click

from .invocation import Invocation
from .output import say
from .tree import Verb, refuse_empty

if TYPE_CHECKING:
    from mailgrant import Grant, Secret

# The only scope that Gmail's IMAP and SMTP servers take.
MAIL_PROGRAMS = "https://mail.google.com/"


@click.command(cls=Verb, example='curl -H "Authorization: Bearer $(mailgrant token --scope gmail.send)" URL')
@click.argument("email", required=False, callback=refuse_empty)
@click.option(
    "--scope",
    "names",
    metavar="SCOPE",
    multiple=True,
    callback=refuse_empty,
    help="What it is to open, and nothing else; repeatable.",
)
@click.option("--xoauth2", is_flag=True, help="The base64 string that IMAP and SMTP take (SASL XOAUTH2).")
@click.pass_obj
def token(invocation: Invocation, email: str | None, names: tuple[str, ...], xoauth2: bool) -> None:
    """
    Print an access token, good for at least four minutes.

    It opens everything the grant allows, or what --scope names. With either the whole grant can be
    revoked.
    """
    from mailgrant import Scopes

    scopes = Scopes(names)
    with invocation.open() as mailgrant:
        account = invocation.account(mailgrant, email)
        access_token = account.token(scopes)
        grant = account.grant()
        expires_at = account.token_expiry(scopes)
    opened = scopes or grant.scopes.widened(())
    if xoauth2 and MAIL_PROGRAMS not in opened:
        say(f"Gmail's IMAP and SMTP servers refuse this token: they want the scope {MAIL_PROGRAMS}")
    content = {"expires_at": expires_at, "scopes": opened, "account": grant.account}
    if xoauth2:
        response = sasl(grant, access_token)
        invocation.printer.one({"xoauth2": response, **content}, response)
    else:
        bare = access_token.reveal()
        invocation.printer.one({"access_token": bare, **content}, bare)


def sasl(grant: Grant, access_token: Secret) -> str:
    """Write the initial client response of SASL XOAUTH2, as Gmail's documentation has it."""
    text = f"user={grant.account}\x01auth=Bearer {access_token.reveal()}\x01\x01"
    return base64.b64encode(text.encode()).decode()
