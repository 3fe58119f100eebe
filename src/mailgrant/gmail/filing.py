"""
Conversations that file mail: labels, archive, trash, deletion, for messages and whole threads.

Each picks the cheaper way: one call a message, or one for a thousand. A call for many ignores ids
that are not there; a call for one raises NotFound.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from mailgrant.errors import InvalidRequest
from mailgrant.http import Call, Request

from .label import SystemLabel
from .resource import address

# users.messages.batchModify and batchDelete take so many ids and cost 50 units, whatever they are given;
# modify costs 5 and delete 10, so a batch is cheaper from these numbers on.
MOST_IN_BATCH = 1000
CHEAPER_TO_MODIFY = 10
CHEAPER_TO_DELETE = 5
MOST_LABELS = 100

# In the trash a message is not in the inbox (users.messages.trash does the same for four times the units).
TRASHED = frozenset({SystemLabel.TRASH.value})
INBOX = frozenset({SystemLabel.INBOX.value})


def modify(messages: Sequence[str], *, add: Collection[str] = (), remove: Collection[str] = ()) -> Call[None]:
    """Put labels on messages and take labels off, by id."""
    changes = label_changes(add, remove)
    for ids in batches(messages):
        if len(ids) < CHEAPER_TO_MODIFY:
            yield from _each("messages", ids, "modify", changes)
        else:
            url, operation = address("messages", "batchModify"), "gmail.users.messages.batchModify"
            yield Request.json("POST", url, operation=operation, value={"ids": ids, **changes})


def modify_threads(threads: Sequence[str], *, add: Collection[str] = (), remove: Collection[str] = ()) -> Call[None]:
    """Put labels on every message of these threads and take labels off (there is no call for many threads)."""
    yield from _each("threads", threads, "modify", label_changes(add, remove))


def delete(messages: Sequence[str]) -> Call[None]:
    """Delete messages for ever."""
    for ids in batches(messages):
        if len(ids) < CHEAPER_TO_DELETE:
            for each in ids:
                yield Request("DELETE", address("messages", each), operation="gmail.users.messages.delete")
        else:
            url, operation = address("messages", "batchDelete"), "gmail.users.messages.batchDelete"
            yield Request.json("POST", url, operation=operation, value={"ids": ids})


def delete_threads(threads: Sequence[str]) -> Call[None]:
    """Delete threads for ever, with everything in them."""
    for each in threads:
        yield Request("DELETE", address("threads", each), operation="gmail.users.threads.delete")


def label_changes(add: Collection[str], remove: Collection[str]) -> dict[str, list[str]]:
    """Return what `modify` asks for; raises InvalidRequest when that is nothing, or what Gmail would refuse."""
    changes = {"addLabelIds": sorted(add), "removeLabelIds": sorted(remove)}
    changes = {name: ids for name, ids in changes.items() if ids}
    if not changes:
        raise InvalidRequest("There is no label to add or remove.")
    for label_id in (*add, *remove):
        if label_id in SystemLabel.__members__ and not SystemLabel(label_id).changeable:
            raise InvalidRequest(f"The label {label_id} is Gmail's alone: nobody can put it on or take it off.")
    if max(map(len, changes.values())) > MOST_LABELS:
        raise InvalidRequest(f"Gmail puts on and takes off at most {MOST_LABELS} labels at a time.")
    return changes


def batches(ids: Sequence[str]) -> Iterator[list[str]]:
    """Cut the ids, each once, into what one call takes."""
    unique = list(dict.fromkeys(ids))
    return (unique[start : start + MOST_IN_BATCH] for start in range(0, len(unique), MOST_IN_BATCH))


def _each(kind: str, ids: Sequence[str], verb: str, changes: dict[str, list[str]]) -> Call[None]:
    for each in dict.fromkeys(ids):
        url, operation = address(kind, each, verb), f"gmail.users.{kind}.{verb}"
        yield Request.json("POST", url, operation=operation, value=changes)
