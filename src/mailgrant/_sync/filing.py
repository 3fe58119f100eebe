# Written by scripts/unasync.py from src/mailgrant/_async/filing.py.
# Do not edit: change that file and run `make sync`.
"""Filing: labels, archive, trash and deletion, as verbs of a mailbox."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from mailgrant.errors import InvalidRequest
from mailgrant.gmail import filing, label_calls
from mailgrant.gmail.label import Label
from mailgrant.gmail.message import Message, MessageRef, Thread, ThreadRef

if TYPE_CHECKING:
    from mailgrant.http import Call

T = TypeVar("T")

One: TypeAlias = str | Message | MessageRef | Thread | ThreadRef
# One message or thread, or many; a bare id is a message's, `Thread(id)` a thread's.
Items: TypeAlias = One | Iterable[One] | Iterator[One]


class Run(Protocol):
    """Carries out one conversation for the account."""

    def __call__(self, call: Call[T]) -> T:
        """Return what the conversation comes to."""


class Filing:
    """
    The verbs that file mail.

    What is to be filed is an id, a Message or a Thread, or any number of these; an id is a message's
    (`Thread(id)` names a thread by its id). Many messages go a thousand to a call, which passes over
    ids that are not there; a few go one by one, where such an id raises NotFound.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def labels(self) -> tuple[Label, ...]:
        """
        Return all labels, Gmail's own and the account's (users.labels.list, 1 unit).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/list
        """
        return self._run(label_calls.labels())

    def label(self, name: str) -> Label:
        """
        Return one label by its name or id, with its counts (users.labels.list and get, 2 units).

        Raises InvalidRequest when there is no such label
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/get).
        """
        found = self._run(label_calls.find(name))
        return self._run(label_calls.label(label_calls.label_id(found)))

    def create_label(self, name: str) -> Label:
        """
        Make a label; `/` in its name nests it.

        Raises Conflict when there is one of that name already, InvalidRequest when Gmail keeps the
        name to itself (users.labels.create, 5 units).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/create
        """
        return self._run(label_calls.create(name))

    def rename_label(self, name: str, to: str) -> Label:
        """
        Give a label another name; it stays on its messages (users.labels.patch, 6 units).

        Raises InvalidRequest when there is no such label, Conflict when another has the new name
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/patch).
        """
        found = self._run(label_calls.find(name))
        return self._run(label_calls.rename(label_calls.label_id(found), to))

    def delete_label(self, name: str) -> None:
        """
        Delete a label for ever; its messages stay (users.labels.delete, 6 units).

        Raises InvalidRequest when there is no such label
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/delete).
        """
        found = self._run(label_calls.find(name))
        self._run(label_calls.delete(label_calls.label_id(found)))

    def modify(
        self, items: Items, *, add: Collection[str] = (), remove: Collection[str] = (), create: bool = False
    ) -> None:
        """
        Put labels on messages or threads and take labels off, by name or id.

        `create` makes the labels to add that are not there yet; otherwise InvalidRequest says, before
        anything is changed, that there is no such label (users.messages.modify, 5 units each, from
        ten messages on users.messages.batchModify, 50 a thousand; users.threads.modify, 10 each).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/batchModify
        """
        removed = self._run(label_calls.ids_of(remove))
        added = self._run(label_calls.ids_of(add, create_missing=create))
        self._change(items, added, removed)

    def archive(self, items: Items) -> None:
        """
        Take messages or threads out of the inbox (costs what `modify` costs).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/batchModify
        """
        self._change(items, (), filing.INBOX)

    def trash(self, items: Items) -> None:
        """
        Move messages or threads to the trash, where they stay for thirty days (costs what `modify` costs).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/batchModify
        """
        self._change(items, filing.TRASHED, filing.INBOX)

    def untrash(self, items: Items) -> None:
        """
        Take messages or threads out of the trash, which does not put them back into the inbox.

        Costs what `modify` costs
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/batchModify).
        """
        self._change(items, (), filing.TRASHED)

    def delete(self, items: Items) -> None:
        """
        Delete messages or threads for ever, which only the scope `mail.google.com` allows.

        A message costs 10 units, a thread 20; from five messages on users.messages.batchDelete takes a
        thousand for 50.

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/batchDelete
        """
        messages, threads = sorted_ids([each for each in each_of(items)])
        self._run(filing.delete(messages))
        self._run(filing.delete_threads(threads))

    def _change(self, items: Items, add: Collection[str], remove: Collection[str]) -> None:
        filing.label_changes(add, remove)
        # All are known before the first is changed: a search that is still running would lose its place.
        messages, threads = sorted_ids([each for each in each_of(items)])
        self._run(filing.modify(messages, add=add, remove=remove))
        self._run(filing.modify_threads(threads, add=add, remove=remove))


def each_of(items: object) -> Iterator[One]:
    """Yield one item or many, also those of a search that is still running."""
    if isinstance(items, (str, Message, MessageRef, Thread, ThreadRef)):
        yield items
    elif isinstance(items, Iterator):
        for each in items:
            yield each
    elif isinstance(items, Iterable):
        for one in items:
            yield one
    else:
        id_of(items)


def sorted_ids(items: Iterable[One]) -> tuple[list[str], list[str]]:
    """Return the ids of the messages and those of the threads."""
    messages: list[str] = []
    threads: list[str] = []
    for each in items:
        (threads if isinstance(each, (Thread, ThreadRef)) else messages).append(id_of(each))
    return messages, threads


def id_of(item: object) -> str:
    """Return the id of something that is named by its id or is the thing itself."""
    if isinstance(item, str):
        return item
    if not isinstance(item, (Message, MessageRef, Thread, ThreadRef)):
        raise InvalidRequest(
            f"{type(item).__name__} is no message and no thread.",
            hint="Give an id, what a search found, or many.",
        )
    return item.id
