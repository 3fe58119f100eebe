"""The steps of asking on a command line: which flags go together, the link, the answer, the service account."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Literal

import click

from .output import say

if TYPE_CHECKING:
    from mailgrant import Grant, Mailgrant, Secret

    from .invocation import Invocation

Way = Literal["auto", "browser", "link"]
# Longer than any address that Google sends anybody back to.
LONGEST_ANSWER = 1 << 16


def check_flags(email: str | None, way: str | None, step: str | None, **words: Any) -> None:
    """Raise a usage error for flags that do not go together; what was typed after --url is not repeated."""
    consent, url = words["consent"], words["url"]
    if step == "finish":
        beside = {"EMAIL": email, "--scope": words["scopes"], "--user": words["user"], "--client": words["client_id"]}
        stray = [name for name, value in {**beside, "--browser or --link": way}.items() if value]
        if stray:
            raise click.UsageError(f"--step finish takes up what --step start asked: leave out {', '.join(stray)}.")
        if not consent or url is None:
            raise click.UsageError("--step finish needs --consent ID and --url -.")
        if url != "-":
            raise click.UsageError("--url takes only -: the answer holds a code, and is read from stdin.")
        return
    if consent or url is not None:
        raise click.UsageError("--consent and --url go with --step finish.")
    if not words["scopes"]:
        raise click.UsageError("Missing option '--scope': what to ask for, such as gmail.send.")
    if step == "start" and way:
        raise click.UsageError("--step start prints a link and asks nobody: leave out --browser and --link.")


def print_link(
    invocation: Invocation,
    mailgrant: Mailgrant,
    email: str | None,
    scopes: list[str],
    *,
    user: str | None,
    client_id: str | None,
) -> None:
    """Begin a consent that any process may finish, and print its link."""
    consent = mailgrant.consents.begin_by_link(email, scopes, user=user, client_id=client_id)
    content = {"consent": consent.id, "url": consent.url, "expires": consent.expires_at}
    say(f"finish it within ten minutes: mailgrant grant ask --step finish --consent {consent.id} --url -")
    invocation.printer.one(content, f"{consent.id}\n{consent.url}")


def read_answer() -> Secret:
    """Read the address a person came back to, or its code, from stdin; raises ConsentExpired when it is empty."""
    from mailgrant import Secret
    from mailgrant.errors import ConsentExpired

    # A person at a terminal ends a line, a program its output.
    text = sys.stdin.readline(LONGEST_ANSWER) if sys.stdin.isatty() else sys.stdin.read(LONGEST_ANSWER)
    if not text.strip():
        raise ConsentExpired(
            "Nothing was read from stdin.", hint="Give it the address the person came back to; the link is still good."
        )
    return Secret(text.strip())


def is_service_account(mailgrant: Mailgrant, client_id: str | None) -> bool:
    """Tell whether the client that was named acts for people without asking them."""
    known = {client.client_id: client.kind for client in mailgrant.clients()} if client_id else {}
    return known.get(client_id or "") == "service account"


def delegated(
    mailgrant: Mailgrant, email: str | None, scopes: list[str], *, user: str | None, client_id: str | None
) -> Grant:
    """Let a service account act for somebody; what is not allowed is said with the line to paste."""
    if email is None or client_id is None:
        raise click.UsageError("A service account acts for somebody: name their EMAIL.")
    return mailgrant.delegate(email, *scopes, client_id=client_id, user=user)


def warn_of_missing(held: Grant) -> None:
    """Say at once what was asked and not granted."""
    if held.missing:
        words = "; ".join(scope.description for scope in held.missing)
        say(f"{held.account} did not allow: {words}. What needs it will ask again.")


def say_of_delegation(held: Grant) -> None:
    """Say who can take back what no person has granted."""
    if held.credentials.refresh_token is None:
        say("the service account is still allowed at Google: an administrator can end that in the Admin console.")


def chosen_way(browser: bool, link: bool) -> Way | None:
    """Return the way the person at the keyboard chose, None for neither; both are misuse."""
    if browser and link:
        raise click.UsageError("--browser and --link are two ways of asking: choose one.")
    return "browser" if browser else "link" if link else None


def likely_way() -> Way:
    """
    Choose how to ask again when the person at the keyboard did not say.

    A login always puts the question, where `ask="auto"` takes an earlier answer for an answer.
    """
    from mailgrant.browser import graphical_browser

    if graphical_browser(os.environ) is not None:
        return "browser"
    return "link" if sys.stdin.isatty() and sys.stderr.isatty() else "auto"


def split(scopes: tuple[str, ...]) -> list[str]:
    """Take scopes as people type them: a flag for each, or several in one, by commas or spaces."""
    return [scope for words in scopes for scope in words.replace(",", " ").split()]
