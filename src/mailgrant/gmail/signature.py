"""Signature: what the account signs with, put under the words of a mail before it is written down."""

from __future__ import annotations

from dataclasses import replace

from mailgrant.http import Call

from . import settings_calls
from .address import Address
from .draft import Draft
from .quoting import as_html
from .settings import SendAs

# A reader hides or greys what follows a line of its own that says this (RFC 3676 §4.3). So it is left
# out above a quotation, which would be hidden too, and cut off by whoever answers.
MARK = "-- "


def signed(draft: Draft) -> Call[Draft]:
    """
    Return `draft` as the address in `from_` sends: with its name, its reply address and its signature.

    The signature goes below what the person wrote, and above what they quote.

    Without `from_` that is the address which new mail goes out as. A draft that wants no signature
    stays as it is, and nothing is asked. Raises InvalidRequest when the account may not send as it.
    """
    if not draft.signature:
        return draft
    if draft.from_ is not None:
        return as_sent_by((yield from settings_calls.alias(draft.from_)), draft)
    known = yield from settings_calls.send_as()
    chosen = next((each for each in known if each.default), None) or next(iter(known), None)
    return replace(draft, signature=False) if chosen is None else as_sent_by(chosen, draft)


def as_sent_by(alias: SendAs, draft: Draft) -> Draft:
    """Return `draft` with the name, reply address and signature of `alias`, where it has none of its own."""
    given = draft.from_.name if draft.from_ is not None else None
    return replace(
        draft,
        from_=Address(alias.email, name=given or alias.name or None),
        reply_to=draft.reply_to or Address.parse_list(alias.reply_to or (), field="reply_to"),
        text=_signed_text(alias, draft),
        html=_signed_html(alias, draft),
        signature=False,
    )


def _signed_text(alias: SendAs, draft: Draft) -> str | None:
    from .html_text import html_to_text

    signature = html_to_text(alias.signature).strip()
    if not signature:
        return draft.text
    if draft.text is None and draft.html is not None:
        # Not left to be made from the HTML: its blanks mean nothing, and the mark ends with one.
        own, quotation = map(html_to_text, _cut(draft.html, draft.quotation.html if draft.quotation else None))
    else:
        own, quotation = _cut(draft.text or "", draft.quotation.text if draft.quotation else None)
    own = own.rstrip()
    if quotation:
        return f"{own}\n\n{signature}\n\n{quotation}".lstrip("\n")
    return f"{own}\n\n{MARK}\n{signature}\n".lstrip("\n")


def _signed_html(alias: SendAs, draft: Draft) -> str | None:
    if not alias.signature or draft.html is None:
        return draft.html
    own, quotation = _cut(draft.html, draft.quotation.html if draft.quotation else None)
    if quotation:
        return f"{own}{alias.signature}<br><br>{quotation}"
    return f"{own}<br>{as_html(MARK)}{alias.signature}"


def _cut(body: str, quotation: str | None) -> tuple[str, str]:
    """Cut the quotation off; there is none where somebody has written over it."""
    return (body.removesuffix(quotation), quotation) if quotation and body.endswith(quotation) else (body, "")
