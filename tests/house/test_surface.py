"""The public surface: few names, each documented, and quick to import."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest

import mailgrant
from mailgrant import errors

MOST_NAMES = 40
# What `import mailgrant; mailgrant.connect` may not load; each of these is for the first request or later.
LATE = [
    "asyncio",
    "click",
    "cryptography",
    "dateutil",
    "email",
    "google",
    "googleapiclient",
    "hashlib",
    "http.server",
    "httpcore2",
    "jwt",
    "keyring",
    "nh3",
    "platformdirs",
    "rich",
    "selectolax",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "uvicorn",
]
LATE_FOR_A_COMMAND = [name for name in LATE if name != "click"]


def loaded_by(program: str) -> set[str]:
    """Return the modules that an interpreter has loaded after running `program`."""
    script = f"{program}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_the_surface_stays_under_forty_names() -> None:
    assert len(mailgrant.__all__) <= MOST_NAMES
    assert len(set(mailgrant.__all__)) == len(mailgrant.__all__)


def test_connect_comes_first() -> None:
    assert mailgrant.__all__[0] == "connect"


@pytest.mark.parametrize("name", [name for name in mailgrant.__all__ if name != "__version__"])
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(mailgrant, name)

    assert inspect.getdoc(value), f"{name} has no docstring"
    assert value.__name__ == name


@pytest.mark.parametrize("name", [name for name in mailgrant.__all__ if name != "__version__"])
def test_every_public_method_is_documented(name: str) -> None:
    value = getattr(mailgrant, name)
    if not inspect.isclass(value):
        return
    own = {key: member for key, member in vars(value).items() if not key.startswith("_")}
    methods = [key for key, member in own.items() if inspect.isfunction(member) or isinstance(member, property)]

    assert [key for key in methods if not inspect.getdoc(getattr(value, key))] == []


def test_what_is_not_public_is_not_found() -> None:
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = mailgrant.nothing_of_the_kind


def test_every_exception_is_drawn_in_the_tree_of_its_module() -> None:
    classes = [
        value for value in vars(errors).values() if inspect.isclass(value) and value.__module__ == errors.__name__
    ]
    raised = [value for value in classes if issubclass(value, Exception) and not issubclass(value, Warning)]

    assert [value.__name__ for value in raised if value.__name__ not in (errors.__doc__ or "")] == []
    assert all(issubclass(value, errors.MailgrantError) for value in raised)


def test_connecting_imports_nothing_heavy_before_the_first_request() -> None:
    loaded = loaded_by("import mailgrant; mailgrant.connect")

    assert sorted(loaded.intersection(LATE)) == []


def test_printing_the_version_imports_nothing_heavy_but_the_command_line_toolkit() -> None:
    loaded = loaded_by("import mailgrant.cli as cli\ntry: cli.main(['--version'])\nexcept SystemExit: pass")

    assert sorted(loaded.intersection(LATE_FOR_A_COMMAND)) == []
