"""
Archive: the file in which `--data` keeps what a sandbox holds.

SQLite, with mail in rows of its own, so that a change costs what it changes and a mailbox is read a
message at a time. Everything else is in `part`, as texts of the codec. Nothing here knows what a
sandbox is; `keeper.py` does.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.keeping.answers import AnswerFile
from mailgrant.sandbox.keeping.rows import LAST_ORDINAL, HistoryRow, MailRow, all_of, block_of, block_row, key_of
from mailgrant.sandbox.mail.render import Rendered, render
from mailgrant.sandbox.mail.search_text import BLOCK, Block

if TYPE_CHECKING:
    import sqlite3

# Three mails of five kilobytes fit into a page.
PAGE_BYTES = 16_384
CACHE_KIB = 16_384
# Messages whose words are on record in one piece, once they are complete.
SPAN = 16 * BLOCK

SCHEMA = """
CREATE TABLE part (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE owner (number INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);
CREATE TABLE mail (
  key INTEGER PRIMARY KEY, id TEXT NOT NULL, thread_id TEXT NOT NULL, subject BLOB NOT NULL, labels TEXT NOT NULL,
  internal_date INTEGER NOT NULL, message_id BLOB NOT NULL, history_id INTEGER NOT NULL, size INTEGER NOT NULL,
  place INTEGER NOT NULL, length INTEGER NOT NULL
);
CREATE TABLE raw (key INTEGER PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE history (
  owner INTEGER NOT NULL, id INTEGER NOT NULL, kind TEXT NOT NULL, message_id TEXT NOT NULL, thread_id TEXT NOT NULL,
  labels TEXT NOT NULL, changed TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (owner, id)
) WITHOUT ROWID;
CREATE TABLE words (
  key INTEGER PRIMARY KEY, count INTEGER NOT NULL, words TEXT NOT NULL, counts BLOB NOT NULL, ordinals BLOB NOT NULL,
  line_ordinals BLOB NOT NULL, lines TEXT NOT NULL
);
CREATE TABLE sent (number INTEGER PRIMARY KEY, about TEXT NOT NULL, raw BLOB NOT NULL);
"""
OF_OWNER = (
    "DELETE FROM mail WHERE key BETWEEN ? AND ?",
    "DELETE FROM raw WHERE key BETWEEN ? AND ?",
    "DELETE FROM words WHERE key BETWEEN ? AND ?",
)
GONE = ("DELETE FROM mail WHERE key = ?", "DELETE FROM raw WHERE key = ?")


@dataclass(slots=True)
class Batch:
    """What is written together: all of it or nothing."""

    parts: dict[str, str] = field(default_factory=dict)
    lost_parts: list[str] = field(default_factory=list)
    owners: list[tuple[int, str]] = field(default_factory=list)
    emptied: list[int] = field(default_factory=list)
    mails: list[MailRow] = field(default_factory=list)
    raws: list[tuple[int, bytes]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    history: list[HistoryRow] = field(default_factory=list)
    # Mailboxes with the last record of each that is forgotten.
    forgotten: list[tuple[int, int]] = field(default_factory=list)
    words: list[tuple[int, Block]] = field(default_factory=list)
    sent: list[tuple[int, str, bytes]] = field(default_factory=list)
    sent_anew: bool = False


class Archive:
    """The file, and beside it the one with the JSON of its mails. One thread writes; any may read."""

    def __init__(self, path: Path, answers: Path) -> None:
        """Open an archive, or make one; raises sqlite3.DatabaseError if it is damaged."""
        new = not path.exists()
        if new:
            # SQLite would let others read it; its side files follow what is there.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._writing = _connect(path)
        self._reading = _connect(path)
        self._answers = AnswerFile(answers)
        self._lock = threading.Lock()
        # True while reads share one transaction: a transaction each would cost as much as the reading.
        self._is_reading = False
        if new:
            self._answers.clear()
            self._writing.executescript(f"BEGIN; {SCHEMA} COMMIT;")

    def close(self) -> None:
        """Close the file; what was written is in it."""
        with self._lock:
            self._reading.close()
        self._writing.close()
        self._answers.close()

    def write(self, batch: Batch) -> list[Shelf]:
        """Write a batch, with the JSON of its mails; returns where its mails lie from now on."""
        file = self._writing
        places = self._answers.append(render(raw) for _, raw in batch.raws)
        shelves = [Shelf(self, key, len(raw), *place) for (key, raw), place in zip(batch.raws, places, strict=True)]
        file.execute("BEGIN IMMEDIATE")
        try:
            self._write_parts(batch)
            self._write_mail(batch, shelves)
        except BaseException:
            file.execute("ROLLBACK")
            raise
        # Before, so that the log can be emptied; after, so that reads see what is new.
        self._stop_reading()
        file.execute("COMMIT")
        self._stop_reading()
        return shelves

    def _write_parts(self, batch: Batch) -> None:
        file = self._writing
        file.executemany("INSERT OR REPLACE INTO part VALUES (?, ?)", batch.parts.items())
        file.executemany("DELETE FROM part WHERE name = ?", [(name,) for name in batch.lost_parts])
        file.executemany("INSERT OR IGNORE INTO owner VALUES (?, ?)", batch.owners)
        if batch.sent_anew:
            file.execute("DELETE FROM sent")
        file.executemany("INSERT OR REPLACE INTO sent VALUES (?, ?, ?)", batch.sent)

    def _write_mail(self, batch: Batch, shelves: list[Shelf]) -> None:
        file = self._writing
        for owner in batch.emptied:
            for statement in OF_OWNER:
                file.execute(statement, all_of(owner))
            file.execute("DELETE FROM history WHERE owner = ?", (owner,))
        for statement in GONE:
            file.executemany(statement, [(key,) for key in batch.gone])
        places = {shelf.key: shelf.place for shelf in shelves}
        mails = ((*row[:-2], *places.get(row[0], row[-2:])) for row in batch.mails)
        file.executemany("INSERT OR REPLACE INTO mail VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", mails)
        file.executemany("INSERT OR REPLACE INTO raw VALUES (?, ?)", batch.raws)
        file.executemany("INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?)", batch.history)
        file.executemany("DELETE FROM history WHERE owner = ? AND id <= ?", batch.forgotten)
        for owner, block in batch.words:
            self._write_words(owner, block)

    def _write_words(self, owner: int, block: Block) -> None:
        """Write a block; at the end of a span its blocks become one, which is read many times as fast."""
        file = self._writing
        if block.past % SPAN == 0:
            first = block.past - SPAN
            span = Block(first)
            for part in (*self._words_between(owner, first, block.first - 1), block):
                span.extend(part)
            file.execute(
                "DELETE FROM words WHERE key BETWEEN ? AND ?", (key_of(owner, first), key_of(owner, block.first))
            )
            block = span
        row = block_row(owner, block)
        file.execute("INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def parts(self) -> dict[str, str]:
        """Return everything but mail."""
        return dict(self._writing.execute("SELECT name, value FROM part"))

    def owners(self) -> dict[str, int]:
        """Return the numbers of mailboxes, by address."""
        return {email: number for number, email in self._writing.execute("SELECT number, email FROM owner")}

    def mails(self, owner: int) -> Iterator[MailRow]:
        """Yield what is known of a mailbox's messages, in the order of their ordinals."""
        yield from self._writing.execute("SELECT * FROM mail WHERE key BETWEEN ? AND ? ORDER BY key", all_of(owner))

    def history(self, owner: int) -> Iterator[HistoryRow]:
        """Yield a mailbox's records, oldest first."""
        yield from self._writing.execute("SELECT * FROM history WHERE owner = ? ORDER BY id", (owner,))

    def words(self, owner: int) -> Iterator[Block]:
        """Yield the words of a mailbox's messages, in blocks."""
        return self._words_between(owner, 0, LAST_ORDINAL)

    def _words_between(self, owner: int, first: int, last: int) -> Iterator[Block]:
        between = key_of(owner, first), key_of(owner, last)
        rows = self._writing.execute("SELECT * FROM words WHERE key BETWEEN ? AND ? ORDER BY key", between)
        return (block_of(row) for row in rows)

    def sent(self) -> Iterator[tuple[str, bytes]]:
        """Yield every mail that left, in order."""
        yield from self._writing.execute("SELECT about, raw FROM sent ORDER BY number")

    def raw(self, key: int) -> bytes:
        """Return a mail's bytes."""
        content: bytes = self._row("SELECT content FROM raw WHERE key = ?", key)[0]
        return content

    def rendered(self, key: int, place: int, length: int) -> Rendered:
        """Return a mail's JSON."""
        return self._answers.read(place, length) or render(self.raw(key))

    def _row(self, statement: str, key: int) -> Any:
        with self._lock:
            if not self._is_reading:
                self._reading.execute("BEGIN")
                self._is_reading = True
            row = self._reading.execute(statement, (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return row

    def _stop_reading(self) -> None:
        with self._lock:
            if self._is_reading:
                self._reading.execute("COMMIT")
                self._is_reading = False


class Shelf:
    """One mail's bytes in an archive."""

    __slots__ = ("_archive", "_length", "_place", "_size", "key")

    def __init__(self, archive: Archive, key: int, size: int, place: int, length: int) -> None:
        self._archive = archive
        self.key = key
        self._size = size
        self._place = place
        self._length = length

    def __len__(self) -> int:
        return self._size

    def read(self) -> bytes:
        """Return the bytes."""
        return self._archive.raw(self.key)

    def rendered(self) -> Rendered:
        """Return the JSON."""
        return self._archive.rendered(self.key, self._place, self._length)

    @property
    def place(self) -> tuple[int, int]:
        """Where the JSON begins, and how long it is."""
        return self._place, self._length


def _connect(path: Path) -> sqlite3.Connection:
    import sqlite3

    file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    file.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = NORMAL")
    file.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return file
