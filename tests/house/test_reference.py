"""The reference pages say what the code says, all of it, and nothing that is gone."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

import mailgrant
from mailgrant import errors, keys, settings
from mailgrant.cli import exits
from mailgrant.cli.tree import PLACES, root
from mailgrant.oauth.scope_table import ACCEPTED, DESCRIPTIONS

from .tree import PACKAGE, ROOT, modules

REFERENCE = ROOT / "docs" / "reference"
VARIABLE = re.compile(r"\bMAILGRANT_[A-Z_]+\b")


def said(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture
def script() -> ModuleType:
    path = ROOT / "scripts" / "make_reference.py"
    specification = importlib.util.spec_from_file_location("make_reference", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date(script: ModuleType) -> None:
    assert script.stale() == [], "run `make docs`"


def test_a_stale_page_fails_the_check_and_is_written_anew(
    script: ModuleType, tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "FOLDER", tmp_path)

    assert script.main(["--check"]) == 1
    assert "is stale" in capsys.readouterr().err
    assert script.main([]) == 0
    assert script.main(["--check"]) == 0


def test_every_command_is_in_the_reference() -> None:
    text = said("cli")
    groups = [(word, root.get_command(root.make_context("m", ["x"], resilient_parsing=True), word)) for word in PLACES]
    wanted = [f"{word} {verb}" for word, group in groups for verb in getattr(group, "commands", {})]

    assert len(wanted) > 20
    assert [words for words in wanted if f"### mailgrant {words}\n" not in text] == []
    assert [word for word in PLACES if f"`{word}`" not in text and f"## mailgrant {word}\n" not in text] == []


def test_every_error_and_every_exit_code_is_in_the_reference(script: ModuleType) -> None:
    text = said("errors")
    kinds = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)]
    codes = {name for name, value in vars(exits).items() if isinstance(value, int)}

    assert [name for name in kinds if name not in text] == []
    assert set(script.MEANINGS) == codes | {"DONE"}


def test_every_public_name_is_in_the_reference() -> None:
    text = said("api")

    assert [name for name in mailgrant.__all__ if f"`{name}`" not in text] == []


def test_every_scope_is_described_with_the_methods_it_opens() -> None:
    text = said("scopes")

    assert [short for short in DESCRIPTIONS if f"### {short}\n" not in text] == []
    assert [method for method in ACCEPTED if f"`{method}`" not in text] == []


def test_every_setting_is_in_the_reference() -> None:
    text = said("settings")
    variables = {name for path in modules(PACKAGE) for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}
    global_flags = {spelled for parameter in root.params for spelled in parameter.opts if spelled.startswith("--")}

    assert {f"`{name}`" for name in variables if f"`{name}`" not in text} == set()
    assert [flag for flag in global_flags if f"`{flag}" not in text] == []
    assert [key for key in settings.FILE_KEYS if f"`{key}`" not in text] == []
    assert [source.value for source in keys.KeySource if f"`{source.value}`" not in text] == []
