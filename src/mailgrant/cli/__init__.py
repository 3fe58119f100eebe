"""
The command line: words into verbs, nouns into lines.

One module per noun. stdout is data, stderr is talk. Modules are imported when their command is
called, so that the shell's prompt comes back at once.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `mailgrant` on the command line is this."""
    from .invocation import run

    return run(arguments)
