"""
Table: what the conformance suite found, as a page for people.
"""

from __future__ import annotations

from collections.abc import Iterator

from .checks import CHECKS, Verdict, all_methods, verdict

HEAD = """\
# The sandbox's conformance: method by check

Written by `python scripts/conformance.py`; a test fails when it is stale. The methods, their parameters, scopes and
schemas come from Google's discovery documents for Gmail v1 and Calendar v3, as google-api-python-client ships them.
Each check calls each method in a world of its own, over the sandbox's front door.

✓ holds · `501` the sandbox says that it does not play the method, after all checks that come before its work · a dot:
the method has nothing of the kind
"""


def page() -> str:
    """Return the whole page; raises `Broken` if a method falls in a check."""
    ids = all_methods()
    unplayed = [method_id for method_id in ids if verdict(method_id, "success") is Verdict.UNPLAYED]
    counts = f"{len(ids)} methods, {len(ids) - len(unplayed)} played, {len(CHECKS)} checks."
    return "\n".join([HEAD, counts, "", *_legend(), "", *_table(ids), ""])


def _legend() -> Iterator[str]:
    yield "| Check | Says |"
    yield "|---|---|"
    for name, check in CHECKS.items():
        yield f"| {name} | {(check.__doc__ or '').strip()} |"


def _table(ids: list[str]) -> Iterator[str]:
    yield f"| Method | {' | '.join(CHECKS)} |"
    yield f"|---|{':-:|' * len(CHECKS)}"
    for method_id in ids:
        yield f"| `{method_id}` | {' | '.join(verdict(method_id, check).value for check in CHECKS)} |"
