"""Who may take over a refresh, by the waiter's own clock."""

from __future__ import annotations

from mailgrant.vault.lease import LEASE, Lease, LeaseWatch

LENGTH = LEASE.total_seconds()


def held(fence: int) -> Lease:
    return Lease("grant", fence, held=True)


def test_a_free_lease_may_be_taken_at_once() -> None:
    assert LeaseWatch().may_take(Lease("grant", 3, held=False), 100.0)


def test_a_held_lease_may_be_taken_only_after_it_was_watched_for_longer_than_it_lasts() -> None:
    watch = LeaseWatch()

    assert not watch.may_take(held(3), 100.0)
    assert not watch.may_take(held(3), 100.0 + LENGTH)
    assert watch.may_take(held(3), 100.1 + LENGTH)


def test_a_new_holder_starts_the_watch_anew() -> None:
    watch = LeaseWatch()
    watch.may_take(held(3), 100.0)

    assert not watch.may_take(held(4), 101.0 + LENGTH)
    assert not watch.may_take(held(4), 101.0 + LENGTH + LENGTH)
    assert watch.may_take(held(4), 101.1 + LENGTH + LENGTH)
