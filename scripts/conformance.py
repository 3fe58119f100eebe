"""
Write what the sandbox's conformance suite finds into docs/measured/conformance.md.

    python scripts/conformance.py            write the page
    python scripts/conformance.py --check    fail when it is stale

The checks are those of tests/sandbox/conformance; nothing is written while one of them fails.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "measured" / "conformance.md"


def main(arguments: list[str]) -> int:
    """Write or check the page; returns the exit code."""
    # The suite is not part of any package that is installed.
    sys.path.insert(0, str(ROOT))
    page: str = import_module("tests.sandbox.conformance.table").page()
    if arguments != ["--check"]:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page:
        return 0
    print("docs/measured/conformance.md is stale: run python scripts/conformance.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
