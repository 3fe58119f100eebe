"""
Build the newest section of CHANGELOG.md from the fragments in changelog.d.

    python scripts/make_changelog.py                        write the section "Unreleased" anew
    python scripts/make_changelog.py --check                fail when it is stale
    python scripts/make_changelog.py --release 0.1.0 DATE   name the section, and remove the fragments
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHANGELOG = ROOT / "CHANGELOG.md"
FRAGMENTS = ROOT / "changelog.d"

HEADINGS = {
    "security": "Security",
    "removed": "Removed",
    "changed": "Changed",
    "added": "Added",
    "fixed": "Fixed",
}
UNRELEASED = re.compile(r"^## Unreleased\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def fragments() -> list[Path]:
    """Return the fragments; raises ValueError for one whose kind does not exist."""
    found = sorted(path for path in FRAGMENTS.glob("*.md") if path.name != "README.md")
    for path in found:
        if kind_of(path) not in HEADINGS:
            raise ValueError(f"{path.name}: the kind is one of {', '.join(HEADINGS)}")
    return found


def kind_of(fragment: Path) -> str:
    """Return what kind of change a fragment tells of: `vault.added.md` of something added."""
    return fragment.stem.rpartition(".")[2]


def section(title: str) -> str:
    """Put the fragments together, what may break something first."""
    parts = [f"## {title}"]
    for kind, heading in HEADINGS.items():
        items = [item(path) for path in fragments() if kind_of(path) == kind]
        parts += [f"### {heading}", "\n".join(items)] if items else []
    return "\n\n".join(parts) + "\n"


def item(fragment: Path) -> str:
    """Write one fragment as an item of a list."""
    return "* " + "\n  ".join(fragment.read_text(encoding="utf-8").strip().splitlines())


def changelog(title: str) -> str:
    """Return CHANGELOG.md with its newest section written anew."""
    text = CHANGELOG.read_text(encoding="utf-8")
    if not UNRELEASED.search(text):
        raise ValueError("CHANGELOG.md has no section called Unreleased")
    newest = section(title)
    return UNRELEASED.sub(lambda found: newest + ("\n" if found.end() < len(text) else ""), text)


def release(version: str, date: str) -> None:
    """Name the section after a version, begin the next one, and remove the fragments."""
    named = changelog(f"{version} ({date})")
    CHANGELOG.write_text(named.replace(f"## {version}", f"## Unreleased\n\n## {version}", 1), encoding="utf-8")
    for path in fragments():
        path.unlink()


def main(arguments: list[str]) -> int:
    """Write, check or release; return 1 when the section is stale."""
    if arguments[:1] == ["--release"]:
        release(*arguments[1:])
        return 0
    wanted = changelog("Unreleased")
    if wanted == CHANGELOG.read_text(encoding="utf-8"):
        return 0
    if "--check" in arguments:
        print("CHANGELOG.md is stale: run `make docs`", file=sys.stderr)
        return 1
    CHANGELOG.write_text(wanted, encoding="utf-8")
    print("wrote CHANGELOG.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
