"""
Filters: what a mailbox does by itself with mail that arrives (users.settings.filters).

A filter cannot be changed, only deleted and made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.mail import operators, query_text, refusals
from mailgrant.sandbox.mail.query import EVERYTHING, And, Marked, Node, Not, Or, Place, Sized

if TYPE_CHECKING:
    from mailgrant.sandbox.mail.mailbox import Mailbox

MOST_FILTERS = 1000
# Google throttles these hard and says no number; this many a day will do for any test of it.
MOST_FORWARDING = 20
DAY = timedelta(days=1)
RECIPIENTS = (Place.TO, Place.CC, Place.BCC)


@dataclass(slots=True)
class FilterBook:
    """The filters of one mailbox, in the order in which they were made."""

    _filters: dict[str, dict[str, Any]] = field(default_factory=dict)
    _forwarding_made: list[timedelta] = field(default_factory=list)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._filters.values())

    def add(self, filter_id: str, criteria: Mapping[str, Any], action: Mapping[str, Any]) -> dict[str, Any]:
        """Add a filter that was checked; raises the refusal of one too many, or of one that is there already."""
        if len(self._filters) >= MOST_FILTERS:
            raise refusals.invalid(f"Number of filters cannot exceed {MOST_FILTERS}")
        made = {"id": filter_id, "criteria": dict(criteria), "action": dict(action)}
        if any(other["criteria"] == made["criteria"] and other["action"] == made["action"] for other in self):
            raise refusals.precondition("Filter already exists")
        self._filters[filter_id] = made
        return made

    def find(self, filter_id: str) -> dict[str, Any]:
        """Return a filter; raises the refusal of an id that none has."""
        if filter_id not in self._filters:
            raise refusals.not_found()
        return self._filters[filter_id]

    def remove(self, filter_id: str) -> None:
        """Remove a filter; raises the refusal of an id that none has."""
        self.find(filter_id)
        del self._filters[filter_id]

    def count_forwarding(self, lived: timedelta) -> bool:
        """Note that a filter that forwards is made now; False if that is too much for one day."""
        self._forwarding_made = [made for made in self._forwarding_made if lived - made < DAY]
        if len(self._forwarding_made) >= MOST_FORWARDING:
            return False
        self._forwarding_made.append(lived)
        return True


def check(criteria: Mapping[str, Any], action: Mapping[str, Any], mailbox: Mailbox) -> None:
    """Raise the refusal of a filter that cannot be."""
    if not any(criteria.values()):
        raise refusals.invalid("Filter doesn't have any criteria")
    add, remove = action.get("addLabelIds", []), action.get("removeLabelIds", [])
    if not (add or remove or action.get("forward")):
        raise refusals.invalid("Filter doesn't have any actions")
    mailbox.labels.check_changeable([*add, *remove])
    if sum(label_id in mailbox.labels.user_ids for label_id in add) > 1:
        raise refusals.invalid("Too many user labels in filter action")
    if criteria.get("size") and criteria.get("sizeComparison", "unspecified") == "unspecified":
        raise refusals.invalid("Invalid size comparison")
    if criteria.get("size", 0) < 0:
        raise refusals.invalid("Invalid size")


def meaning(criteria: Mapping[str, Any]) -> Node:
    """Return what a filter's criteria find, as the tree of a search: all of them must hold."""
    return And(tuple(_conditions(criteria)))


def _conditions(criteria: Mapping[str, Any]) -> Iterator[Node]:
    if criteria.get("from"):
        yield query_text.parse(f"from:({criteria['from']})")
    if criteria.get("to"):
        yield Or(tuple(query_text.parse(f"{place}:({criteria['to']})") for place in RECIPIENTS))
    if criteria.get("subject"):
        yield operators.plain(Place.SUBJECT, criteria["subject"])
    if criteria.get("query"):
        yield query_text.parse(criteria["query"])
    if criteria.get("negatedQuery"):
        yield Not(query_text.parse(criteria["negatedQuery"]))
    if criteria.get("hasAttachment"):
        yield Marked("attachment")
    yield _sized(criteria)


def _sized(criteria: Mapping[str, Any]) -> Node:
    """Mail of exactly the size is neither larger nor smaller."""
    size, comparison = criteria.get("size", 0), criteria.get("sizeComparison")
    if comparison == "larger":
        return Sized(least=size + 1)
    return Sized(below=size) if comparison == "smaller" else EVERYTHING
