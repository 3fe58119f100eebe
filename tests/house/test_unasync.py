"""The blocking twin is written from the awaiting one, word for word, and is up to date."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from .tree import ROOT

SCRIPT = ROOT / "scripts" / "unasync.py"


@pytest.fixture
def unasync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, at home in an empty folder, with a table of its own."""
    spec = importlib.util.spec_from_file_location("unasync", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "PAIRS", {"_async": "_sync"})
    monkeypatch.setattr(module, "NAMES", {"AsyncPost": "Post", "aclose": "close"})
    monkeypatch.setattr(module, "WORDS", {"`AsyncPost`": "`Post`"})
    (tmp_path / "_async").mkdir()
    (tmp_path / "_sync").mkdir()
    return module


POST = '''"""A post; see `AsyncPost`."""


class AsyncPost:
    async def aclose(self) -> None:
        """Close: nobody may await a closed post."""
        async with self.turn:
            return [await letter async for letter in self.letters]
'''


def test_the_written_twin_is_up_to_date() -> None:
    run = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)

    assert run.returncode == 0, run.stderr


def test_words_that_wait_vanish_and_names_are_replaced(unasync: ModuleType) -> None:
    twin = unasync.translate(POST, Counter())

    assert "async" not in twin
    assert "class Post:" in twin
    assert "    def close(self) -> None:" in twin
    assert "        with self.turn:" in twin
    assert "[letter for letter in self.letters]" in twin


def test_strings_change_only_where_the_table_of_strings_says_so(unasync: ModuleType) -> None:
    twin = unasync.translate(POST, Counter())

    assert twin.startswith('"""A post; see `Post`."""')
    assert '"""Close: nobody may await a closed post."""' in twin


PLAIN = '''def read(
    path: str,  # a comment
) -> str:
    text = """one
    two"""
    return f"{path!r:>{9}} {{}}" + text
'''


def test_what_needs_no_substitution_is_not_touched(unasync: ModuleType) -> None:
    assert unasync.translate(PLAIN, Counter()) == PLAIN


def test_a_written_file_says_where_it_comes_from(unasync: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "_async" / "post.py").write_text(POST)

    assert unasync.main([]) == 0

    first, second, *_ = (tmp_path / "_sync" / "post.py").read_text().splitlines()
    assert first == "# Written by scripts/unasync.py from _async/post.py."
    assert "Do not edit" in second


def test_a_fresh_tree_passes_the_check(unasync: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "_async" / "post.py").write_text(POST)
    unasync.main([])

    assert unasync.main(["--check"]) == 0


def test_a_stale_file_fails_the_check(unasync: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "_async" / "post.py").write_text(POST)
    unasync.main([])
    (tmp_path / "_async" / "post.py").write_text(POST.replace("letters", "parcels"))

    assert unasync.main(["--check"]) == 1
    assert "_sync/post.py is stale" in capsys.readouterr().err


def test_a_missing_file_fails_the_check(unasync: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "_async" / "post.py").write_text(POST)

    assert unasync.main(["--check"]) == 1
    assert not (tmp_path / "_sync" / "post.py").exists()


def test_a_file_without_a_source_fails_the_check_and_is_removed(unasync: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "_async" / "post.py").write_text(POST)
    unasync.main([])
    (tmp_path / "_sync" / "parcel.py").write_text("")

    assert unasync.main(["--check"]) == 1
    assert unasync.main([]) == 0
    assert not (tmp_path / "_sync" / "parcel.py").exists()


def test_a_substitution_that_is_never_used_fails(
    unasync: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "_async" / "post.py").write_text(POST.replace("aclose", "shut"))

    assert unasync.main([]) == 1
    assert "the substitution of 'aclose' is never used" in capsys.readouterr().err


def test_the_file_that_is_written_twice_by_hand_is_left_alone(unasync: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "_async" / "post.py").write_text(POST)
    (tmp_path / "_async" / "waiting.py").write_text("async def sleep(): ...\n")
    (tmp_path / "_sync" / "waiting.py").write_text("def sleep(): ...\n")

    assert unasync.main([]) == 0
    assert (tmp_path / "_sync" / "waiting.py").read_text() == "def sleep(): ...\n"


@pytest.mark.parametrize("text", ["{await letter}", "{AsyncPost}", "{self.aclose}", "see `AsyncPost` {self}"])
def test_an_f_string_that_needs_a_substitution_is_refused(
    unasync: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "_async" / "post.py").write_text(f'{POST}\n\nasync def name(self, letter):\n    return f"{text}"\n')

    assert unasync.main(["--check"]) == 1
    assert "_async/post.py:12: give what is awaited" in capsys.readouterr().err
