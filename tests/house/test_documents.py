"""What is written down is true: links lead somewhere, walks name what exists, pins are complete."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .tree import PACKAGE, ROOT, functions, parsed

STEP = re.compile(r"`([\w/]+\.py)`:\s+`([\w.]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)

# Put together from pieces, so that this file does not hold what it looks for.
REGISTRIES = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com"]
MACHINE_PATHS = ["/" + "work/", "/" + "root/", "/" + "home/runner", str(ROOT) + os.sep]
REAL_CREDENTIALS = re.compile(
    "|".join(
        [
            "ya" + r"29\.[\w-]{30,}",
            "1/" + r"/0[\w-]{30,}",
            "GOC" + r"SPX-(?!sandbox-)[\w-]{28}\b",
            "AI" + r"za[\w-]{35}",
            "BEGIN (?:RSA |EC )?PRIV" + "ATE KEY-----\n[A-Za-z0-9+/]{60}",
        ]
    )
)


def tracked_files() -> list[Path]:
    """Return every file that git keeps, and what is about to be added to it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def documents() -> list[Path]:
    """Return every page written for people."""
    return [path for path in tracked_files() if path.suffix == ".md"]


def text_files() -> Iterator[tuple[Path, str]]:
    """Yield every tracked file that is text, with its content."""
    for path in tracked_files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def configured_indexes() -> list[str]:
    """Return the hosts and folders that pip on this machine installs from."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    places = re.findall(r"(?:index-url|find-links)='([^']*)'", listed)
    parts = [urlsplit(place) for line in places for place in line.split()]
    return [part.hostname or part.path for part in parts]


def steps(document: str) -> list[tuple[str, str]]:
    """Return the steps of a walk through the code: file and function."""
    return STEP.findall((ROOT / document).read_text(encoding="utf-8"))


def test_the_walk_through_the_code_has_steps() -> None:
    assert len(steps("ARCHITECTURE.md")) >= 8


@pytest.mark.parametrize(("file", "function"), steps("ARCHITECTURE.md"))
def test_a_step_of_the_walk_names_a_function_that_is_there(file: str, function: str) -> None:
    assert (PACKAGE / file).exists(), f"ARCHITECTURE.md names {file}, which is gone"
    names = {name for name, _ in functions(parsed(PACKAGE / file))}

    assert function in names, f"ARCHITECTURE.md names {file}: {function}, which is gone"


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_link_leads_somewhere(path: Path) -> None:
    targets = [target for target in LINK.findall(path.read_text(encoding="utf-8")) if "://" not in target]
    missing = [target for target in targets if not (path.parent / target).exists()]

    assert missing == []


def test_every_page_is_listed_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    listed = {(index.parent / target).resolve() for target in LINK.findall(index.read_text(encoding="utf-8"))}
    pages = {page for page in documents() if page.is_relative_to(index.parent) and page != index}

    assert sorted(str(page.relative_to(ROOT)) for page in pages - listed) == []


def test_no_file_names_a_package_registry_or_this_machine() -> None:
    forbidden = [*REGISTRIES, *MACHINE_PATHS, *configured_indexes()]
    found = [
        f"{path.relative_to(ROOT)}: {place}" for path, text in text_files() for place in forbidden if place in text
    ]

    assert found == []


def test_no_file_holds_a_credential_that_looks_real() -> None:
    found = [str(path.relative_to(ROOT)) for path, text in text_files() if REAL_CREDENTIALS.search(text)]

    assert found == []


def pins(name: str) -> dict[str, tuple[str, str]]:
    """Return what a requirements file pins: version, and everything that follows it."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return {package: (version, rest) for package, version, rest in PIN.findall(text)}


@pytest.mark.parametrize("name", ["run", "dev"])
def test_every_pin_has_a_hash(name: str) -> None:
    assert len(pins(name)) > 20
    assert [package for package, (_, rest) in pins(name).items() if "--hash=sha256:" not in rest] == []


@pytest.mark.parametrize("name", ["run", "dev"])
def test_requirements_say_nothing_about_where_packages_come_from(name: str) -> None:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if "://" in line or line.startswith("-")] == []


def test_both_requirements_pin_the_same_versions() -> None:
    run, dev = pins("run"), pins("dev")

    assert {package: dev.get(package, ("missing",))[0] for package in run} == {
        package: version for package, (version, _) in run.items()
    }


def test_every_dependency_is_pinned_and_named_in_the_readme() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[>=<;\[ ]", line)[0].lower() for line in project["dependencies"]]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()

    assert [name for name in names if name not in pins("run")] == []
    assert [name for name in names if f"| {name} |" not in readme] == []


def test_the_interpreters_named_are_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")

    assert (ROOT / ".python-version").read_text(encoding="utf-8").strip() == oldest
    assert f"--python-version {oldest}" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("script", sorted((ROOT / "scripts").glob("*.py")), ids=lambda path: path.name)
def test_a_script_says_what_it_is_for(script: Path) -> None:
    assert ast.get_docstring(parsed(script))


def test_a_workflow_takes_least_permissions_and_pins_what_it_uses() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        assert "permissions:\n  contents: read\n" in text
        assert [used for used in re.findall(r"uses: (\S+)", text) if not re.search(r"@[0-9a-f]{40}$", used)] == []
