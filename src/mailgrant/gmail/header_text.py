"""
Text that may stand in a mail header: refused, cleaned, encoded, decoded and folded.

Header injection ends here: nothing with a line break or another control character is ever written.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from mailgrant.errors import InvalidRequest

# Controls, the two line breaks that only Unicode knows, and halves of surrogate pairs, which no
# encoding can write.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# A line with an encoded word has at most 76 characters (RFC 2047 §2), any line 998 (RFC 5322 §2.1.1).
LINE_LENGTH = 76
LONGEST_LINE = 998
# 39 bytes make 64 characters, which fits behind the longest of the usual names, `Reply-To: `.
BYTES_PER_WORD = 39


def refuse_unprintable(text: str, *, what: str) -> str:
    """Return `text`; raises InvalidRequest naming `what` when it holds a line break or control character."""
    if not isinstance(text, str):
        raise InvalidRequest(f"{what} is not a text: {text!r}.")
    found = UNPRINTABLE.search(text)
    if found is None:
        return text
    kind = "a line break" if found[0] in "\r\n\x0b\x0c\x85\u2028\u2029" else "a control character"
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    raise InvalidRequest(f"{what} holds {kind}: {shown!r}.", hint="Take it out; it could smuggle in a header.")


def clean(text: str) -> str:
    """Return received text on one line: what is unprintable becomes a space."""
    if text.isprintable():
        # Nearly everything is, and this is found out in a tenth of the time.
        return text.strip()
    return UNPRINTABLE.sub(" ", text).strip()


def shown(text: str) -> str:
    """Return received text decoded and on one line."""
    return clean(decode(text) if "=?" in text else text)


def encode(text: str) -> str:
    """Return `text` as RFC 2047 encoded words with spaces between, which a reader joins again."""
    return " ".join(f"=?utf-8?b?{base64.b64encode(chunk).decode()}?=" for chunk in _chunks(text))


def encode_if_needed(text: str) -> str:
    """Return plain text as it is, and as encoded words what would not come back the same."""
    plain = text.isascii() and "=?" not in text and text == " ".join(text.split())
    return text if plain and max(map(len, text.split()), default=0) < LINE_LENGTH else encode(text)


def decode(text: str) -> str:
    """
    Return `text` with its encoded words decoded.

    Gmail gives headers decoded already; decoding such a text again changes nothing. A word in an
    unknown charset, or damaged, is left as it stands.
    """
    if "=?" not in text:
        return text
    from email.errors import MessageError
    from email.header import decode_header, make_header

    try:
        return str(make_header(decode_header(text)))
    except (MessageError, LookupError, ValueError):
        return text


def fold(name: str, value: str) -> str:
    """
    Return the header field `name: value`, folded at spaces and ended by CRLF (RFC 5322 §2.2.3).

    Unfolding gives `value` back exactly. Raises InvalidRequest when a line would still be too long.
    """
    lines = [f"{name}:"]
    for word in value.split(" "):
        # A line of nothing but blanks would end the header for some readers, so it is never begun.
        if word and len(lines[-1]) + 1 + len(word) > LINE_LENGTH and lines[-1].strip():
            lines.append(f" {word}")
        else:
            lines[-1] += f" {word}"
    if max(len(line.encode()) for line in lines) > LONGEST_LINE:
        raise InvalidRequest(f"{name} holds a word that is longer than a line of a mail may be.")
    return "\r\n".join(lines) + "\r\n"


def _chunks(text: str) -> Iterator[bytes]:
    """Cut between characters: an encoded word holds whole ones only (RFC 2047 §5)."""
    chunk = b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > BYTES_PER_WORD:
            yield chunk
            chunk = b""
        chunk += encoded
    yield chunk
