"""Clock and ids: time that runs and can be moved, names that are the same for the same start."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from mailgrant.sandbox.clock import Clock, real_now
from mailgrant.sandbox.frame.discovery import methods
from mailgrant.sandbox.frame.routes import Routes
from mailgrant.sandbox.ids import Ids

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_the_clock_starts_where_it_is_told_and_runs() -> None:
    clock = Clock(NOON)
    first = clock.now()

    assert timedelta() <= first - NOON < timedelta(seconds=5)
    assert clock.now() > first


def test_without_a_start_it_is_the_real_time() -> None:
    assert abs(Clock().now() - real_now()) < timedelta(seconds=5)


def test_the_clock_can_be_moved_both_ways() -> None:
    clock = Clock(NOON)

    assert clock.advance(timedelta(days=8)) - NOON >= timedelta(days=8)
    assert clock.set(NOON) - NOON < timedelta(seconds=5)


def test_what_has_lived_never_grows_younger() -> None:
    clock = Clock(NOON)
    clock.advance(timedelta(days=8))
    clock.advance(timedelta(days=-8))
    clock.set(NOON - timedelta(days=365))

    assert timedelta(days=8) <= clock.lived < timedelta(days=9)


def test_a_naive_time_is_refused() -> None:
    naive = NOON.replace(tzinfo=None)

    with pytest.raises(ValueError, match="no time zone"):
        Clock(naive)
    with pytest.raises(ValueError, match="no time zone"):
        Clock(NOON).set(naive)


def test_ids_are_the_same_for_the_same_start_and_order() -> None:
    one, two, later = Ids(NOON), Ids(NOON), Ids(NOON + timedelta(seconds=1))

    assert [one.hex16("message") for _ in range(9)] == [two.hex16("message") for _ in range(9)]
    assert one.base32hex26("event") != later.base32hex26("event")


def test_a_kind_of_id_does_not_disturb_another() -> None:
    alone, mixed = Ids(NOON), Ids(NOON)
    mixed.hex16("draft")

    assert alone.hex16("message") == mixed.hex16("message")


def test_ids_have_googles_shapes_and_never_repeat() -> None:
    ids = Ids(NOON)
    shapes = {
        r"[0-9a-f]{16}": [ids.hex16("message") for _ in range(1000)],
        r"[1-9][0-9]{18}": [ids.decimal("draft") for _ in range(1000)],
        r"[0-9a-v]{26}": [ids.base32hex26("event") for _ in range(1000)],
        r"[A-Za-z0-9_-]{40}": [ids.text("attachment", 40) for _ in range(1000)],
    }

    for shape, made in shapes.items():
        assert len(set(made)) == 1000
        assert all(re.fullmatch(shape, name) for name in made)


def test_later_messages_have_larger_ids() -> None:
    ids = Ids(NOON)
    made = [ids.hex16("message") for _ in range(1000)]

    assert made == sorted(made)


@pytest.mark.parametrize("api", ["gmail", "calendar"])
def test_every_method_of_the_discovery_documents_is_found_with_its_own_names(api: str) -> None:
    routes: Routes[str] = Routes()
    for method in methods(api):
        routes.add(method.http_method, method.segments, method.id)

    for method in methods(api):
        path = "/" + "/".join(re.sub(r"\{(\w+)\}", r"a-\1", segment) for segment in method.segments)
        names = re.findall(r"\{(\w+)\}", "/".join(method.segments))
        assert routes.find(method.http_method, path) == (method.id, {name: f"a-{name}" for name in names})


def test_a_segment_with_a_suffix_is_found_before_one_without() -> None:
    routes: Routes[str] = Routes()
    routes.add("POST", ("keys", "{id}"), "plain")
    routes.add("POST", ("keys", "{id}:disable"), "suffixed")

    assert routes.find("POST", "/keys/k%3A1:disable") == ("suffixed", {"id": "k:1"})
    assert routes.find("POST", "/keys/k1") == ("plain", {"id": "k1"})
    assert routes.find("POST", "/keys/") is None
