"""Browser: whether there is one here in which a person could be asked."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Mapping


def graphical_browser(environ: Mapping[str, str]) -> webbrowser.BaseBrowser | None:
    """
    Return the browser to ask in, or None.

    `BROWSER` is honoured whatever it names. Otherwise a text-mode browser does not count: it would
    take over the terminal, and Google's consent page needs a real one.
    """
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return None
    if environ.get("BROWSER"):
        return browser
    # Text browsers are registered as exactly this class; graphical ones derive from it.
    return None if type(browser) is webbrowser.GenericBrowser else browser


def open_beside(browser: webbrowser.BaseBrowser, url: str) -> None:
    """
    Open `url` without waiting for the browser.

    What `BROWSER` names may run until its window is closed, and the answer must be heard before.
    """
    threading.Thread(target=browser.open, args=(url,), daemon=True, name="mailgrant-browser").start()
