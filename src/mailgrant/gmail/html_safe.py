"""
HTML of a mail made safe to show: no scripts, no styles, no forms, and by default no way out.

Whoever wrote the mail is a stranger. A remote image tells them that it was read, when and where; a
link may say one address and lead to another.
"""

from __future__ import annotations

from .html_straight import straightened

# Images of the mail itself are named by their Content-ID; nothing is fetched for them (RFC 2392).
OWN_IMAGE = "cid:"
LINKS = frozenset({"http", "https", "mailto", "tel"})
REMOTE = ("http://", "https://")
LINKING = frozenset({"a", "area", "map"})


def make_safe(html: str, *, links: bool, images: bool) -> str:
    """Return `html` with nothing in it that runs; links and remote images only where they are wanted."""
    html = straightened(html.encode("utf-8", "replace").decode())
    from nh3 import ALLOWED_TAGS, clean

    def kept(tag: str, attribute: str, value: str) -> str | None:
        if attribute == "src":
            allowed = value.lower().startswith((OWN_IMAGE, *REMOTE) if images else OWN_IMAGE)
            return value if tag == "img" and allowed else None
        # The address of a quotation is of no use to a reader, and a way out all the same.
        return None if attribute == "cite" else value

    return clean(
        html,
        tags=ALLOWED_TAGS if links else ALLOWED_TAGS - LINKING,
        attribute_filter=kept,
        url_schemes=set(LINKS | {"cid"}),
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )
