"""
Asking: put a consent in front of a person, in a browser or as a link, and wait for the answer.

RFC 8252 for the browser; for a terminal without one the person opens the link anywhere and pastes
back the address where the browser ended up.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from mailgrant.browser import graphical_browser, open_beside
from mailgrant.errors import ConsentExpired, ConsentNeeded
from mailgrant.secret import Secret
from mailgrant.settings import say

from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.vault.grant import Grant

    from .consents import AsyncConsents


async def ask_person(consents: AsyncConsents, needed: ConsentNeeded, *, ask: str, timeout: timedelta) -> Grant:
    """
    Ask for what `needed` names, in the way that `ask` allows; raises `needed` when there is none.

    Twice where Google's first token would have lost what was granted before (`AsyncRedemption`).
    """
    way = chosen_way(ask)
    if way == "never":
        raise needed
    try:
        return await ask_once(consents, needed, way=way, timeout=timeout)
    except ConsentNeeded as again:
        say(f"{again.message} Asking once more, for everything together.")
        return await ask_once(consents, again, way=way, timeout=timeout)


async def ask_once(consents: AsyncConsents, needed: ConsentNeeded, *, way: str, timeout: timedelta) -> Grant:
    """Put one question, in the browser or as a link."""
    if way == "browser":
        return await ask_in_browser(consents, needed, timeout=timeout)
    return await ask_by_link(consents, needed)


async def ask_in_browser(consents: AsyncConsents, needed: ConsentNeeded, *, timeout: timedelta) -> Grant:
    """Open the person's browser and wait for it to come back to this machine."""
    consent = await consents.begin(needed)
    say(f"asking in the browser; if none opens, go to\n\n    {consent.url}\n")
    browser = graphical_browser(os.environ)
    if browser is not None:
        open_beside(browser, consent.url)
    return await consents.wait(consent, timeout=timeout)


async def ask_by_link(consents: AsyncConsents, needed: ConsentNeeded) -> Grant:
    """Print the link, and read back the address at which the browser ended up."""
    consent = await consents.begin_by_link(needed)
    say(
        "open this link in any browser, on any machine:\n\n"
        f"    {consent.url}\n\n"
        "Afterwards the browser shows a page that cannot be reached. That is right: copy its whole address\n"
        "from the address bar and paste it here."
    )
    pasted = await in_thread(read_pasted)
    return await consents.complete(pasted, consent=consent)


def read_pasted() -> Secret:
    """Read one line from the person; raises ConsentExpired at the end of the input."""
    while True:
        sys.stderr.write("Address: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            sys.stderr.write("\n")
            raise ConsentExpired("The input ended before an address was pasted.")
        if line.strip():
            return Secret(line.strip())


def chosen_way(ask: str) -> str:
    """Turn `ask` into "browser", "link" or "never", looking at this machine when it is "auto"."""
    if ask != "auto":
        return ask
    if graphical_browser(os.environ) is not None:
        return "browser"
    return "link" if sys.stdin.isatty() and sys.stderr.isatty() else "never"
