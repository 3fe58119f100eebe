"""
Write the blocking twin of everything that is written by hand with `await`.

    python scripts/unasync.py            write src/mailgrant/_sync and tests/stories/_sync
    python scripts/unasync.py --check    fail when a written file is stale, missing or left over

Nothing but word-for-word substitution separates the twins: the table below is all there is. A
substitution that is never used fails the check too, so that the table says only what is true.
`waiting.py` is skipped: it is the one file that is written twice by hand. Nothing inside an
f-string may need a substitution, because Python versions disagree on how to take one apart.
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAIRS = {"src/mailgrant/_async": "src/mailgrant/_sync", "tests/stories/_async": "tests/stories/_sync"}
BY_HAND = frozenset({"waiting.py", "__init__.py"})
HEADER = "# Written by scripts/unasync.py from {source}.\n# Do not edit: change that file and run `make sync`.\n"

# Words that vanish, together with the space after them.
DROPPED = frozenset({"async", "await"})

NAMES = {
    "AsyncAccount": "Account",
    "AsyncAttemptLog": "AttemptLog",
    "AsyncCalendar": "BlockingCalendar",  # `Calendar` is taken: it is the noun, one of an account's calendars
    "AsyncConnectionInterface": "ConnectionInterface",
    "AsyncConnectionPool": "ConnectionPool",
    "AsyncConsents": "Consents",
    "AsyncFastTransport": "FastTransport",
    "AsyncFiling": "Filing",
    "AsyncGenerator": "Generator",
    "AsyncGmail": "Gmail",
    "AsyncHttpTransport": "HttpTransport",
    "AsyncIterator": "Iterator",
    "AsyncLine": "Line",
    "AsyncLock": "Lock",
    "AsyncMailSettings": "MailSettings",
    "AsyncMailgrant": "Mailgrant",
    "AsyncPartTokens": "PartTokens",
    "AsyncPacer": "Pacer",
    "AsyncPlaces": "Places",
    "AsyncReading": "Reading",
    "AsyncRedemption": "Redemption",
    "AsyncRoute": "Route",
    "AsyncSending": "Sending",
    "AsyncSession": "Session",
    "AsyncTokens": "Tokens",
    "AsyncTransport": "Transport",
    "AsyncVaultKeeping": "VaultKeeping",
    "AsyncWitness": "Witness",
    "AsyncWorkplace": "Workplace",
    "ClientBuilder": "SyncClientBuilder",
    "RequestBuilder": "SyncRequestBuilder",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "_async": "_sync",
    "aclose": "close",
    "aclosing": "closing",
    "aiter_stream": "iter_stream",
    "aread": "read",
    "asynccontextmanager": "contextmanager",
    "connect_async": "connect",
}

# What stands in docstrings and other strings.
WORDS = {
    "`AsyncMailgrant": "`Mailgrant",
    "transport=AsyncFastTransport": "transport=FastTransport",
    '"AsyncFastTransport': '"FastTransport',
}


def translate(source: str, used: Counter[str]) -> str:
    """Return the blocking twin of `source`, counting in `used` which substitutions were made."""
    lines = source.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    # From the end to the beginning, so that the places of what is still to come stay true.
    for token, following in reversed(list(pairwise(tokens))):
        text = replacement(token, used)
        if text is not None:
            cut(lines, token.start, token.end if text else following.start, text)
    return "".join(lines)


def replacement(token: tokenize.TokenInfo, used: Counter[str]) -> str | None:
    """Return what stands in the twin for one token: nothing when it vanishes, None when it stays as it is."""
    if token.type == tokenize.NAME and token.string in DROPPED | NAMES.keys():
        used[token.string] += 1
        return NAMES.get(token.string, "")
    if token.type == tokenize.STRING and any(word in token.string for word in WORDS):
        return reworded(token.string, used)
    return None


def reworded(string: str, used: Counter[str]) -> str:
    """Return a string or docstring with the words of the blocking twin."""
    for word, other in WORDS.items():
        used[word] += string.count(word)
        string = string.replace(word, other)
    return string


def cut(lines: list[str], start: tuple[int, int], end: tuple[int, int], text: str) -> None:
    """Put `text` in the place of what stands between two places of the source."""
    first, last = start[0] - 1, end[0] - 1
    lines[first : last + 1] = [lines[first][: start[1]] + text + lines[last][end[1] :]]


def untranslatable(source: str) -> Iterator[int]:
    """Yield the numbers of the lines where an f-string holds something that needs a substitution."""
    for string in ast.walk(ast.parse(source)):
        if isinstance(string, ast.JoinedStr) and any(needs_substitution(node) for node in ast.walk(string)):
            yield string.lineno


def needs_substitution(node: ast.AST) -> bool:
    """Say whether the twin would have to read differently here."""
    match node:
        case ast.Await():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in NAMES
        case ast.Constant(value=str(text)):
            return any(word in text for word in WORDS)
    return False


def formatted(source: str, name: str) -> str:
    """Return `source` as ruff sorts and formats it."""
    for command in (["check", "--select", "I", "--fix-only", "--quiet"], ["format", "--quiet"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", name, "-"],
            input=source,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        source = run.stdout
    return source


def twins() -> Iterator[tuple[Path, Path]]:
    """Yield every file that is written by hand, with the file to be written from it."""
    for source_folder, target_folder in PAIRS.items():
        for source in sorted((ROOT / source_folder).glob("*.py")):
            if source.name not in BY_HAND:
                yield source, ROOT / target_folder / source.name


def written(used: Counter[str]) -> dict[Path, str]:
    """Return every file that should be there, with its content."""
    files: dict[Path, str] = {}
    for source, target in twins():
        header = HEADER.format(source=source.relative_to(ROOT))
        twin = translate(source.read_text(encoding="utf-8"), used)
        files[target] = formatted(header + twin, str(target.relative_to(ROOT)))
    return files


def left_over(files: dict[Path, str]) -> list[Path]:
    """Return files that were written once and whose source is gone."""
    there = [path for folder in PAIRS.values() for path in sorted((ROOT / folder).glob("*.py"))]
    return [path for path in there if path not in files and path.name not in BY_HAND]


def check(files: dict[Path, str]) -> list[str]:
    """Return what is wrong with the written tree as it stands."""
    stale = [path for path, content in files.items() if not path.exists() or path.read_text("utf-8") != content]
    complaints = [f"{path.relative_to(ROOT)} is stale: run `make sync`" for path in stale]
    return complaints + [f"{path.relative_to(ROOT)} has no source any more" for path in left_over(files)]


def write(files: dict[Path, str]) -> None:
    """Write the tree, touching only what changed, and remove what is left over."""
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != content:
            path.write_text(content, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    for path in left_over(files):
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")


def complaints_about_sources(used: Counter[str]) -> list[str]:
    """Return what the hand-written side and the table must change before the twins are true."""
    unused = [f"the substitution of {word!r} is never used" for word in {**NAMES, **WORDS} if not used[word]]
    return unused + [
        f"{source.relative_to(ROOT)}:{line}: give what is awaited or renamed in this f-string a name first"
        for source, _ in twins()
        for line in untranslatable(source.read_text(encoding="utf-8"))
    ]


def main(arguments: list[str]) -> int:
    """Write the twins, or check them; return 1 when something is wrong."""
    used: Counter[str] = Counter()
    files = written(used)
    complaints = complaints_about_sources(used)
    if "--check" in arguments:
        complaints += check(files)
    else:
        write(files)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
