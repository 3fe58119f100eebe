"""
Bytes of a mail into text: charsets, encoded words, transfer encodings.

Mail lies about all three. Nothing here raises, and nothing takes more than linear time, whatever the
bytes are.
"""

from __future__ import annotations

import binascii
import codecs
import re

# Codecs that are not charsets of mail: slow on long input, or they decode to something else.
NOT_FOR_MAIL = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})

ENCODED_WORD = r"=\?[^?\s]{1,80}\?[bBqQ]\?[^?]*\?="
WORD_PARTS = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*)\?=")
WORD_RUN = re.compile(rf"(?:{ENCODED_WORD})+")
# Blanks between two encoded words are not part of the text (RFC 2047 §6.2).
BLANK_BETWEEN_WORDS = re.compile(rf"(?<=\?=)[ \t\r\n]+(?={ENCODED_WORD})")
NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def decode_text(content: bytes, charset: str | None) -> str:
    """
    Return `content` as text: by its declared charset, else as UTF-8, else as windows-1252.

    A declared charset that does not fit the bytes is not believed.
    """
    for candidate in (charset or "utf-8", "utf-8"):
        try:
            if codecs.lookup(candidate).name.replace("-", "_") not in NOT_FOR_MAIL:
                return content.decode(candidate)
        except (LookupError, ValueError):
            continue
    return content.decode("windows-1252", "replace")


def decode_header_bytes(line: bytes) -> str:
    """Return a header's bytes as text: UTF-8 where it is that (RFC 6532), else one character a byte."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def decode_words(text: str) -> str:
    """Return a header's text with its encoded words (RFC 2047) decoded; damaged ones stay as they are."""
    if "=?" not in text:
        return text
    return WORD_RUN.sub(lambda run: _decode_run(run[0]), BLANK_BETWEEN_WORDS.sub("", text))


def decode_transfer(content: bytes, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding; an unknown one, like 8bit, leaves the bytes as they are."""
    if encoding == "base64":
        return _decode_base64(content)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(content)
    return content


def _decode_run(run: str) -> str:
    """Decode words that touch each other; a character may be cut between two of the same charset."""
    decoded: list[tuple[str, bytes]] = []
    for declared, kind, payload in WORD_PARTS.findall(run):
        charset = declared.partition("*")[0].lower()
        content = _decode_word(kind, payload)
        if decoded and decoded[-1][0] == charset:
            content = decoded.pop()[1] + content
        decoded.append((charset, content))
    return "".join(decode_text(content, charset) for charset, content in decoded)


def _decode_word(kind: str, payload: str) -> bytes:
    content = payload.encode("utf-8", "surrogateescape")
    return _decode_base64(content) if kind in "bB" else binascii.a2b_qp(content, header=True)


def _decode_base64(content: bytes) -> bytes:
    digits = NOT_BASE64.sub(b"", content.partition(b"=")[0])
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))
