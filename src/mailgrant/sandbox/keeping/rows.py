"""
Rows: how mail, its history and its words are written into the tables of an archive, and read again.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from mailgrant.sandbox.mail.history import Kind, Record
from mailgrant.sandbox.mail.mailbox import EPOCH, StoredMessage
from mailgrant.sandbox.mail.search_text import Block

# A mail's key is its mailbox's number and its ordinal there.
OWNER_SHIFT = 32
LAST_ORDINAL = (1 << OWNER_SHIFT) - 1
# Parts words, and the lines of messages; it stands in none of them.
LINE = "\x1e"

# The last two say where the JSON lies.
MailRow: TypeAlias = tuple[int, str, str, bytes, str, int, bytes, int, int, int, int]
HistoryRow: TypeAlias = tuple[int, int, str, str, str, str, str, int]
BlockRow: TypeAlias = tuple[int, int, str, bytes, bytes, bytes, str]


def key_of(owner: int, ordinal: int) -> int:
    """Return the key of a mail."""
    return owner << OWNER_SHIFT | ordinal


def owner_of(key: int) -> int:
    """Return the number of the mailbox that a mail's key begins with."""
    return key >> OWNER_SHIFT


def ordinal_of(key: int) -> int:
    """Return the ordinal that a mail's key ends with."""
    return key & LAST_ORDINAL


def all_of(owner: int) -> tuple[int, int]:
    """Return the least and the greatest key that a mailbox may have."""
    return key_of(owner, 0), key_of(owner, LAST_ORDINAL)


def encoded(text: str) -> bytes:
    """Return a text as it is kept where it may hold half a surrogate pair, for which SQLite has no text."""
    return text.encode("utf-8", "surrogatepass")


def decoded(content: bytes) -> str:
    """Return the text that was encoded."""
    return content.decode("utf-8", "surrogatepass")


def mail_row(key: int, message: StoredMessage, subject: str, place: tuple[int, int]) -> MailRow:
    """Return what is known of a message, with the subject of its thread and the place of its JSON."""
    return (
        key,
        message.id,
        message.thread_id,
        encoded(subject),
        " ".join(message.labels),
        message.internal_date,
        encoded(message.message_id),
        message.history_id,
        message.size,
        *place,
    )


def history_row(owner: int, record: Record) -> HistoryRow:
    """Return one record of a mailbox's history."""
    labels, changed = " ".join(record.labels), " ".join(record.changed)
    at = (record.at - EPOCH) // timedelta(microseconds=1)
    return owner, record.id, record.kind.value, record.message_id, record.thread_id, labels, changed, at


def records_of(rows: Iterator[HistoryRow]) -> Iterator[Record]:
    """Yield the records that rows hold."""
    written, kinds, known = time.monotonic(), {kind.value: kind for kind in Kind}, dict[str, tuple[str, ...]]()
    for _, record_id, kind, message_id, thread_id, labels, changed, at in rows:
        if labels not in known:
            known[labels] = tuple(labels.split())
        yield Record(
            record_id,
            kind=kinds[kind],
            message_id=message_id,
            thread_id=thread_id,
            labels=known[labels],
            changed=tuple(changed.split()),
            at=datetime.fromtimestamp(at / 1_000_000, UTC),
            written=written,
        )


def block_row(owner: int, block: Block) -> BlockRow:
    """Return a block's postings as one run of numbers, with the words they belong to and how many each has."""
    counts, ordinals = array("I"), array("I")
    for found in block.postings.values():
        counts.append(len(found))
        ordinals.extend(found)
    words, lines = LINE.join(block.postings), LINE.join(block.lines.values())
    ordered = array("I", block.lines)
    key = key_of(owner, block.first)
    return key, block.count, words, counts.tobytes(), ordinals.tobytes(), ordered.tobytes(), lines


def block_of(row: BlockRow) -> Block:
    """Return the block that a row holds."""
    key, messages, words, counts, ordinals, line_ordinals, lines = row
    numbers, start, postings = _numbers(ordinals), 0, {}
    for word, count in zip(words.split(LINE), _numbers(counts)):
        postings[word] = numbers[start : start + count]
        start += count
    about = dict(zip(_numbers(line_ordinals), lines.split(LINE)))
    return Block(ordinal_of(key), count=messages, postings=postings, lines=about)


def _numbers(content: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(content)
    return numbers
