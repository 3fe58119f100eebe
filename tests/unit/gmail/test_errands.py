"""Which calls bring a page of messages at the least cost."""

from __future__ import annotations

from mailgrant.gmail.errands import Errand, plan
from mailgrant.gmail.message import MessageRef


def refs(text: str) -> list[MessageRef]:
    return [MessageRef(f"{thread}{number}", thread_id=thread) for number, thread in enumerate(text)]


def test_single_messages_are_fetched_one_by_one_in_their_order() -> None:
    assert plan(refs("abb")) == (Errand(("a0",)), Errand(("b1",)), Errand(("b2",)))


def test_three_of_a_conversation_are_fetched_with_it_where_the_first_stands() -> None:
    assert plan(refs("abbcb")) == (
        Errand(("a0",)),
        Errand(("b1", "b2", "b4"), thread_id="b"),
        Errand(("c3",)),
    )


def test_a_message_without_a_conversation_is_its_own() -> None:
    assert plan([MessageRef("x"), MessageRef("y")]) == (Errand(("x",)), Errand(("y",)))


def test_nothing_needs_no_call() -> None:
    assert plan([]) == ()
