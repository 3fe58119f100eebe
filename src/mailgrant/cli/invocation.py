"""
Invocation: one run of the command line, from the words typed to the exit code.

Everything that goes wrong ends here, as one sentence and a hint on stderr (or one JSON object), never
as a traceback.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .output import Printer, error_line, printable, say

if TYPE_CHECKING:
    from mailgrant import Account, Mailgrant, Settings


class Invocation:
    """The global flags of one run, and what follows from them."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.flags: dict[str, Any] = {}
        self._words = words
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        """Flags over environment over file, read once."""
        if self._settings is None:
            from mailgrant.settings import Settings

            named = {name: self.flags.get(name) for name in ("account", "google", "vault", "json")}
            file = self.flags.get("settings")
            self._settings = Settings.load(file=Path(file) if file else None, **named)
        return self._settings

    @property
    def printer(self) -> Printer:
        """What prints the result, in the form that was asked for."""
        settings = self.settings
        return Printer(json=settings.json, sandbox=settings.google is not None, terminal=sys.stdout.isatty())

    def open(self, **options: Any) -> Mailgrant:
        """Open a Mailgrant on these settings, and say so when it is a sandbox's."""
        from mailgrant import Mailgrant

        self.announce()
        return Mailgrant(settings=self.settings, **options)

    def account(self, mailgrant: Mailgrant, address: str | None = None) -> Account:
        """Return the account that is meant: the one named, else `--account`, else the only one."""
        return mailgrant.account(address or self.settings.account)

    def announce(self) -> None:
        """Say on stderr that a sandbox is used, where one is."""
        if self.settings.google is not None:
            say(f"using the sandbox at {self.settings.google}, not Google.")

    @property
    def wants_json(self) -> bool:
        """
        Tell whether an error is to be JSON.

        It may be the words that are wrong, or the settings file; so neither need have been read.
        """
        if self._settings is not None:
            return self._settings.json
        asked = os.environ.get("MAILGRANT_JSON", "").lower() not in ("", "0", "false", "no")
        return asked or "--json" in self._words


def run(arguments: Sequence[str] | None) -> int:
    """Run one command; return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    open_streams()
    invocation = Invocation(words)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        # A connection that an error left open closes with the process: nothing that a person could mend.
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.showwarning = spoken_warning
        return guarded(lambda: perform(invocation, words), invocation)


def open_streams() -> None:
    """Give what writes a place to write to, where the one who started this closed it (`>&-`)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # open until the end


def perform(invocation: Invocation, words: list[str]) -> int:
    """Find the command that the words name, and call it."""
    from .tree import root

    if "_MAILGRANT_COMPLETE" in os.environ:
        from click.shell_completion import shell_complete

        return shell_complete(root, {}, "mailgrant", "_MAILGRANT_COMPLETE", os.environ["_MAILGRANT_COMPLETE"])
    with root.make_context("mailgrant", words, obj=invocation) as context:
        result = root.invoke(context)
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


def guarded(work: Callable[[], int], invocation: Invocation) -> int:
    """Do the work, and turn whatever stops it into a message and an exit code."""
    from .exits import INTERRUPTED, MISUSED

    try:
        return work()
    except click.exceptions.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("interrupted.", before="\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output had enough (`| head`), and what was asked is done.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except click.ClickException as error:
        complain("UsageError", error.format_message(), usage_hint(error), MISUSED, invocation)
        return MISUSED
    except OSError as error:
        return report(unwritten(error) or error, invocation)
    except Exception as error:
        return report(error, invocation)


def unwritten(error: OSError) -> Exception | None:
    """Return what to say when our output has no room; None when it was something else that failed."""
    from errno import EFBIG, EIO, ENOSPC

    from mailgrant.errors import MailgrantError

    if error.filename is not None or error.errno not in (EFBIG, EIO, ENOSPC):
        return None
    # What is left of it is given up: the interpreter would try again at its end, and complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return MailgrantError(f"The output cannot be written: {error.strerror}.", hint="What was asked may be done.")


def report(error: Exception, invocation: Invocation) -> int:
    """Say what went wrong and what to do next; return the exit code."""
    from mailgrant.errors import MailgrantError

    from .exits import exit_code

    code = exit_code(error)
    kind = type(error).__name__
    if invocation.flags.get("verbose"):
        import traceback

        sys.stderr.write("".join(traceback.format_exception(error)))
    if isinstance(error, MailgrantError):
        complain(kind, error.message, error.hint, code, invocation)
    else:
        hint = "This should not happen. Run it again with -v to see where it comes from, and please report it."
        complain(kind, f"Unexpected {kind}: {error}", hint, code, invocation)
    return code


def complain(kind: str, message: str, hint: str, code: int, invocation: Invocation) -> None:
    """Print an error, as a sentence or as JSON."""
    if invocation.wants_json:
        sys.stderr.write(error_line(kind, message, hint, code) + "\n")
        return
    say(printable(message))
    if hint:
        say(printable(hint), before="  ", name="")


def usage_hint(error: click.ClickException) -> str:
    """Point to the help of the command that was misused."""
    context = getattr(error, "ctx", None)
    return f"See `{context.command_path} --help`." if context is not None else ""


def spoken_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """Say a warning of the library as one line; the sandbox's is said by the command itself."""
    from mailgrant.errors import SandboxWarning

    if not issubclass(category, SandboxWarning):
        say(printable(str(message)))
