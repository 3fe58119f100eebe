"""
What every store must do. A backend is proved by handing this suite a factory.

A factory opens the same vault again and again, as another thread or process would.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from mailgrant.errors import GrantChanged, KeyRotated
from mailgrant.vault.lease import Lease
from mailgrant.vault.store import TABLES, Row, VaultStore

Open = Callable[[], VaultStore]
ADA = Row("one", version=1, sealed=b"\x00sealed", account="ada@example.com", user="17", client="c1")
GRACE = Row("two", version=1, sealed=b"other", account="grace@example.com", user="", client="c1")


class StoreSuite:
    """Inherit from this and give a fixture `open_store`."""

    def test_a_row_comes_back_as_it_was_put(self, open_store: Open) -> None:
        open_store().grants.put(ADA, expect=0)

        assert open_store().grants.get("one") == ADA
        assert open_store().grants.get("other") is None

    def test_rows_are_found_by_their_clear_columns(self, open_store: Open) -> None:
        rows = open_store().grants
        rows.put(GRACE, expect=0)
        rows.put(ADA, expect=0)

        assert rows.find() == (ADA, GRACE)
        assert rows.find(account="ada@example.com") == (ADA,)
        assert rows.find(user="17") == (ADA,)
        assert rows.find(client="c1") == (ADA, GRACE)
        assert rows.find(account="ada@example.com", client="c2") == ()

    def test_tables_are_apart(self, open_store: Open) -> None:
        store = open_store()
        store.grants.put(ADA, expect=0)

        assert store.clients.get("one") is None
        assert store.consents.find() == ()

    def test_a_write_needs_the_version_it_was_made_from(self, open_store: Open) -> None:
        rows = open_store().grants
        rows.put(ADA, expect=0)
        newer = Row("one", version=2, sealed=b"newer", account="ada@example.com", user="17", client="c1")

        with pytest.raises(GrantChanged):
            rows.put(newer, expect=0)
        with pytest.raises(GrantChanged):
            rows.put(newer, expect=2)
        assert rows.get("one") == ADA
        rows.put(newer, expect=1)
        assert rows.get("one") == newer

    def test_a_row_is_deleted_only_at_its_version(self, open_store: Open) -> None:
        rows = open_store().grants
        rows.put(ADA, expect=0)

        with pytest.raises(GrantChanged):
            rows.delete("one", expect=2)
        rows.delete("one", expect=1)
        with pytest.raises(GrantChanged):
            rows.delete("one", expect=1)
        assert rows.find() == ()

    def test_of_many_who_race_for_a_row_one_takes_it(self, open_store: Open) -> None:
        open_store().consents.put(ADA, expect=0)
        gate = threading.Barrier(8)

        def race() -> Row | None:
            rows = open_store().consents
            gate.wait()
            return rows.take("one")

        with ThreadPoolExecutor(8) as pool:
            taken = [future.result() for future in [pool.submit(race) for _ in range(8)]]

        assert sorted(taken, key=str) == [*[None] * 7, ADA]

    def test_of_many_who_race_to_write_one_version_one_does(self, open_store: Open) -> None:
        open_store().grants.put(ADA, expect=0)
        gate = threading.Barrier(8)

        def race(number: int) -> bool:
            rows = open_store().grants
            gate.wait()
            try:
                rows.put(Row("one", version=2, sealed=bytes([number])), expect=1)
            except GrantChanged:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            won = [future.result() for future in [pool.submit(race, number) for number in range(8)]]

        kept = open_store().grants.get("one")
        assert won.count(True) == 1
        assert kept is not None and kept.sealed == bytes([won.index(True)])

    def test_a_lease_is_taken_once_for_each_fence(self, open_store: Open) -> None:
        leases = open_store().leases
        free = leases.read("grant")

        taken = leases.take(free)

        assert free == Lease("grant", 0, held=False)
        assert taken == Lease("grant", 1, held=True)
        assert open_store().leases.take(free) is None
        assert open_store().leases.read("grant") == taken

    def test_a_released_lease_is_free_and_its_fence_stays(self, open_store: Open) -> None:
        leases = open_store().leases
        taken = leases.take(leases.read("grant"))
        assert taken is not None

        leases.release(taken)

        assert leases.read("grant") == Lease("grant", 1, held=False)

    def test_a_lease_that_was_taken_over_is_not_released_by_its_old_holder(self, open_store: Open) -> None:
        leases = open_store().leases
        old = leases.take(leases.read("grant"))
        assert old is not None
        new = leases.take(old)
        assert new is not None

        leases.release(old)

        assert leases.read("grant") == new == Lease("grant", 2, held=True)

    def test_a_write_under_a_lease_needs_the_newest_fence(self, open_store: Open) -> None:
        store = open_store()
        store.grants.put(ADA, expect=0)
        old = store.leases.take(store.leases.read("one"))
        assert old is not None
        new = store.leases.take(old)
        refreshed = Row("one", version=2, sealed=b"refreshed")

        with pytest.raises(GrantChanged):
            store.grants.put(refreshed, expect=1, lease=old)
        assert store.grants.get("one") == ADA
        store.grants.put(refreshed, expect=1, lease=new)
        assert store.grants.get("one") == refreshed

    def test_a_header_is_written_once(self, open_store: Open) -> None:
        assert open_store().read_header() is None
        assert open_store().write_header(b"first")
        assert not open_store().write_header(b"second")
        assert open_store().read_header() == b"first"

    def test_every_table_is_there_and_apart(self, open_store: Open) -> None:
        store = open_store()
        for name in TABLES:
            store.table(name).put(Row(name, version=1, sealed=name.encode()), expect=0)

        assert [row.key for name in TABLES for row in open_store().table(name).find()] == list(TABLES)

    def test_a_header_is_replaced_only_in_its_generation(self, open_store: Open) -> None:
        open_store().write_header(b"first")

        assert open_store().replace_header(b"second", generation=1)
        assert not open_store().replace_header(b"another", generation=1)
        assert open_store().read_header() == b"second"

    def test_a_write_for_an_older_generation_is_refused(self, open_store: Open) -> None:
        store = open_store()
        store.write_header(b"first")
        store.grants.put(ADA, expect=0, generation=1)
        store.replace_header(b"second", generation=1)

        with pytest.raises(KeyRotated):
            store.grants.put(GRACE, expect=0, generation=1)
        store.grants.put(GRACE, expect=0, generation=2)
        assert store.grants.find() == (ADA, GRACE)

    def test_no_write_of_an_older_generation_ends_after_the_header_was_replaced(self, open_store: Open) -> None:
        open_store().write_header(b"first")
        written: list[int] = []
        gate = threading.Barrier(5)

        def write(number: int) -> None:
            rows = open_store().grants
            gate.wait()
            for count in range(20):
                try:
                    rows.put(Row(f"{number}-{count}", version=1, sealed=b"old"), expect=0, generation=1)
                except KeyRotated:
                    return
                written.append(count)

        def replace_header() -> int:
            store = open_store()
            gate.wait()
            assert store.replace_header(b"second", generation=1)
            return len(store.grants.find())

        with ThreadPoolExecutor(5) as pool:
            writers = [pool.submit(write, number) for number in range(4)]
            seen = pool.submit(replace_header).result()
            for writer in writers:
                writer.result()

        assert len(open_store().grants.find()) == seen == len(written)

    def test_rows_are_added_in_one_step_where_there_are_none(self, open_store: Open) -> None:
        rows = open_store().grants
        rows.put(ADA, expect=0)

        assert rows.add([replace(ADA, sealed=b"another"), GRACE]) == 1
        assert rows.add([]) == 0
        assert rows.find() == (ADA, GRACE)

    def test_a_row_is_resealed_only_where_nobody_wrote_meanwhile(self, open_store: Open) -> None:
        rows = open_store().grants
        rows.put(ADA, expect=0)
        newer = Row("one", version=2, sealed=b"newer", account="ada@example.com", user="17", client="c1")

        rows.put(GRACE, expect=0)
        assert rows.reseal([(ADA, b"sealed again"), (GRACE, b"as well")]) == 2
        assert rows.reseal([(ADA, b"and again"), (replace(GRACE, sealed=b"as well"), b"third")]) == 1
        rows.put(newer, expect=1)
        assert rows.reseal([(replace(ADA, sealed=b"sealed again"), b"too late")]) == 0
        assert rows.get("one") == newer

    def test_a_row_is_resealed_only_for_the_generation_of_the_header(self, open_store: Open) -> None:
        store = open_store()
        store.write_header(b"first")
        store.grants.put(ADA, expect=0)
        store.replace_header(b"second", generation=1)

        with pytest.raises(KeyRotated):
            store.grants.reseal([(ADA, b"sealed with a retired key")], generation=1)
        assert store.grants.reseal([(ADA, b"sealed again")], generation=2) == 1

    def test_rows_come_in_pages_forwards_and_backwards(self, open_store: Open) -> None:
        rows = open_store().audit
        for key in ("c", "a", "b", "d"):
            rows.put(Row(key, version=1, sealed=b"x"), expect=0)

        def keys(**options: Any) -> str:
            return "".join(row.key for row in rows.page(**options))

        assert keys(limit=3) == "abc"
        assert keys(after="c", limit=3) == "d"
        assert keys(limit=3, backwards=True) == "dcb"
        assert keys(after="b", limit=3, backwards=True) == "a"
        assert keys(after="a", limit=3, backwards=True) == ""

    def test_rows_that_are_due_are_found_the_longest_due_first(self, open_store: Open) -> None:
        rows = open_store().grants
        assert rows.next_due() is None
        for key, due in (("later", 300), ("never", None), ("soon", 200), ("first", 100)):
            rows.put(Row(key, version=1, sealed=b"x", due=due), expect=0)

        assert [row.key for row in rows.due(until=200, limit=9)] == ["first", "soon"]
        assert [row.key for row in rows.due(until=300, limit=1)] == ["first"]
        assert rows.due(until=99, limit=9) == ()
        assert rows.next_due() == 100
