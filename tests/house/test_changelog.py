"""The changelog is what the fragments say, and a release makes a section of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from .tree import ROOT


@pytest.fixture
def script() -> ModuleType:
    path = ROOT / "scripts" / "make_changelog.py"
    specification = importlib.util.spec_from_file_location("make_changelog", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def small(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A changelog with two fragments and an older release."""
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n## 0.1.0 (2026-01-01)\n\n* Lunch.\n")
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    (folder / "README.md").write_text("# Fragments\n")
    (folder / "lunch.fixed.md").write_text("Lunch came cold.\nIt is warm.\n")
    (folder / "tea.added.md").write_text("There is tea.\n")
    monkeypatch.setattr(script, "CHANGELOG", tmp_path / "CHANGELOG.md")
    monkeypatch.setattr(script, "FRAGMENTS", folder)
    return tmp_path


def test_the_changelog_is_up_to_date(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["--check"]) == 0, capsys.readouterr().err


def test_fragments_become_the_newest_section_by_kind(script: ModuleType, small: Path) -> None:
    assert script.main(["--check"]) == 1
    assert script.main([]) == 0
    assert script.main(["--check"]) == 0

    assert (small / "CHANGELOG.md").read_text() == (
        "# Changelog\n\n## Unreleased\n\n### Added\n\n* There is tea.\n\n"
        "### Fixed\n\n* Lunch came cold.\n  It is warm.\n\n## 0.1.0 (2026-01-01)\n\n* Lunch.\n"
    )


def test_a_release_names_the_section_and_removes_the_fragments(script: ModuleType, small: Path) -> None:
    assert script.main(["--release", "0.2.0", "2026-02-01"]) == 0

    text = (small / "CHANGELOG.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Unreleased",
        "## 0.2.0 (2026-02-01)",
        "## 0.1.0 (2026-01-01)",
    ]
    assert [path.name for path in (small / "changelog.d").iterdir()] == ["README.md"]
    assert script.main(["--check"]) == 0


def test_a_kind_that_does_not_exist_is_refused(script: ModuleType, small: Path) -> None:
    (small / "changelog.d" / "soup.improved.md").write_text("Soup.\n")

    with pytest.raises(ValueError, match=r"soup\.improved\.md"):
        script.main([])
