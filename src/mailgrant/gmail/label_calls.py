"""Conversations about the labels themselves: list, make, rename, delete, and find by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mailgrant.errors import Conflict, InvalidRequest
from mailgrant.http import Call, Request

from .header_text import refuse_unprintable
from .label import Label, SystemLabel
from .payload import objects_of
from .resource import address, json_of

LONGEST_NAME = 225


def labels() -> Call[tuple[Label, ...]]:
    """Ask for every label, without counts."""
    response = yield Request.get(address("labels"), operation="gmail.users.labels.list")
    return tuple(map(Label.from_json, objects_of(json_of(response), "labels")))


def label(label_id: str) -> Call[Label]:
    """Ask for one label, with its counts."""
    response = yield Request.get(address("labels", label_id), operation="gmail.users.labels.get")
    return Label.from_json(json_of(response))


def create(name: str) -> Call[Label]:
    """Make a label; raises Conflict when there is one of that name."""
    value = {"name": checked_name(name)}
    try:
        response = yield Request.json("POST", address("labels"), operation="gmail.users.labels.create", value=value)
    except Conflict as conflict:
        conflict.hint = "There is one of that name, whose letters may be small or large; `labels` shows it."
        raise
    return Label.from_json(json_of(response))


def rename(label_id: str, name: str) -> Call[Label]:
    """Give a label another name; it stays on its messages."""
    url, value = address("labels", label_id), {"name": checked_name(name)}
    response = yield Request.json("PATCH", url, operation="gmail.users.labels.patch", value=value)
    return Label.from_json(json_of(response))


def delete(label_id: str) -> Call[None]:
    """Delete a label, which takes it off every message; the messages stay."""
    yield Request("DELETE", address("labels", label_id), operation="gmail.users.labels.delete")


def find(name: str) -> Call[Label]:
    """Find a label by its name or id; raises InvalidRequest when there is none."""
    known = yield from labels()
    return found_label(name, known)


def ids_of(names: Collection[str], *, create_missing: bool = False) -> Call[list[str]]:
    """Find the ids of labels; those that are not there are made, where that is asked for."""
    if isinstance(names, str):
        raise InvalidRequest(f"Labels are a set of names: {{{names!r}}}, not {names!r}.")
    if all(name.upper() in SystemLabel.__members__ for name in names):
        # Known without asking, which not every permission allows (gmail.insert).
        return [name.upper() for name in names]
    known = list((yield from labels()))
    for name in names:
        if create_missing and _find(name, known) is None:
            known.append((yield from _created(name)))
    return [label_id(found_label(name, known)) for name in names]


def found_label(name: str, known: Iterable[Label]) -> Label:
    """Return the label called `name` (its case does not matter), or that has this id."""
    known = tuple(known)
    found = _find(name, known)
    if found is not None:
        return found
    users = ", ".join(sorted(label.name for label in known if label.is_user)) or "none of your own"
    raise InvalidRequest(f"There is no label {name!r}.", hint=f"The labels are: {users}, and Gmail's own.")


def label_id(label: Label) -> str:
    """Return the id of a label that Gmail holds; one of Gmail's own may be known by its name alone."""
    return label.id or label.name


def checked_name(name: str) -> str:
    """Return a name that a label may have; raises InvalidRequest for one that Gmail refuses."""
    name = refuse_unprintable(name, what="The name of a label").strip()
    if not name or len(name) > LONGEST_NAME or any(not level.strip() for level in name.split("/")):
        raise InvalidRequest(
            f"{name!r} is no name for a label.", hint=f"1 to {LONGEST_NAME} characters; `/` stands between names."
        )
    if name.upper() in SystemLabel.__members__:
        raise InvalidRequest(f"Gmail keeps the name {name!r} to itself.", hint="Choose another, such as Work/Inbox.")
    return name


def _find(name: str, known: Iterable[Label]) -> Label | None:
    return next((each for each in known if name == each.id or name.casefold() == each.name.casefold()), None)


def _created(name: str) -> Call[Label]:
    """Make a label; when somebody made it in between, that one is meant."""
    try:
        return (yield from create(name))
    except Conflict:
        return (yield from find(name))
