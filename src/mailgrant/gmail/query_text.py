"""
The text of a search, looked over before it is sent.

Gmail refuses no search: a slip finds nothing, or everything, and looks like an answer. So what can
only be a slip is refused here, with what was probably meant. Whatever is in quotes is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from itertools import pairwise
from types import MappingProxyType
from typing import NoReturn

from mailgrant.errors import InvalidRequest

# support.google.com/mail/answer/7190
OPERATORS = frozenset(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "label",
        "category",
        "in",
        "is",
        "has",
        "filename",
        "after",
        "before",
        "newer",
        "older",
        "newer_than",
        "older_than",
        "size",
        "larger",
        "smaller",
        "rfc822msgid",
        "list",
        "deliveredto",
        "header",
    ]
)
STATES = frozenset(
    [
        "unread",
        "read",
        "starred",
        "snoozed",
        "important",
        "muted",
        "sent",
        "draft",
        "chat",
        "scheduled",
        "inbox",
        "spam",
        "trash",
    ]
)
CONTENTS = frozenset(
    ["attachment", "drive", "document", "spreadsheet", "presentation", "youtube", "userlabels", "nouserlabels"]
)
STARS = frozenset(
    [
        "yellow-star",
        "orange-star",
        "red-star",
        "purple-star",
        "blue-star",
        "green-star",
        "red-bang",
        "orange-guillemet",
        "yellow-bang",
        "green-check",
        "blue-info",
        "purple-question",
    ]
)
CATEGORIES = frozenset(["primary", "social", "promotions", "updates", "forums", "reservations", "purchases"])

QUOTED = re.compile(r'"[^"]*"')
# A quotation leaves this in its place, a word like any other.
PLACEHOLDER = "\N{WORD JOINER}quoted"
TERM = re.compile(r"[-+]?(?P<operator>[A-Za-z][A-Za-z0-9_]*):(?P<argument>.*)", re.DOTALL)
GAP = re.compile(r"(?<![^\s(){}-])(?P<operator>[A-Za-z][A-Za-z0-9_]*):(?=\s|$|[)}])")
YEAR_FIRST = re.compile(r"(\d{4})([/-])(\d{1,2})\2(\d{1,2})")
YEAR_LAST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
JOINTS = frozenset({"OR", "AND", "AROUND"})
SECONDS = re.compile(r"\d{8,}")
AGE = re.compile(r"\d+[hdmy]", re.IGNORECASE)
SIZE = re.compile(r"\d+[km]?", re.IGNORECASE)
WEEKS = re.compile(r"(\d{1,4})w", re.IGNORECASE)
BRACKETS = MappingProxyType({")": "(", "}": "{"})
EMPTY = re.compile(r"[({]\s*[)}]")
# Gmail knows the straight double quotation mark alone; a telephone likes to write others.
OTHER_QUOTATION_MARKS = "'\N{LEFT SINGLE QUOTATION MARK}\N{LEFT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}"
# What other programs call Gmail's operators.
MEANT = MappingProxyType(
    {
        "attachment": "filename",
        "attachments": "filename",
        "date": "after",
        "folder": "in",
        "on": "after",
        "recipient": "to",
        "sender": "from",
        "since": "after",
        "title": "subject",
        "type": "filename",
        "until": "before",
    }
)


def checked(text: str) -> str:
    """Return a search as it was typed; raises InvalidRequest where it cannot mean what it says."""
    if text.count('"') % 2:
        refuse(text, "a quotation mark has no other", 'Write "at noon" with two.')
    plain = QUOTED.sub(PLACEHOLDER, text)
    _check_brackets(text, plain)
    gap = GAP.search(plain)
    if gap is not None:
        _check_operator(text, gap["operator"].lower(), gap[0])
        refuse(text, f"nothing follows {gap[0]}", f"Write {gap[0]}word, without a blank.")
    words = re.sub(r"-?[({]|[)}]", " ", plain).split()
    _check_joints(text, words)
    for word in words:
        _check_term(text, word)
    return text


def _check_brackets(text: str, plain: str) -> None:
    opened: list[str] = []
    for letter in plain:
        if letter in BRACKETS.values():
            opened.append(letter)
        elif letter in BRACKETS and (not opened or opened.pop() != BRACKETS[letter]):
            refuse(text, f"{BRACKETS[letter]} and {letter} do not match", "Close what was opened, where it was opened.")
    if opened:
        refuse(text, f"{opened[-1]} is never closed", "Close what was opened, or put it into quotes.")
    if EMPTY.search(plain):
        refuse(text, "there is nothing between brackets", "Write what is to be found there, or leave them out.")


def _check_joints(text: str, words: list[str]) -> None:
    """Look at the words between terms; only OR, AND and AROUND in capitals join anything."""
    if "or" in (word.casefold() if word != "OR" else "" for word in words[1:-1]):
        refuse(text, "`or` in small letters is looked for as a word", 'Write OR, or "or" to look for the word.')
    if words and {words[0], words[-1]} & {"OR", "AND"}:
        refuse(text, "OR and AND stand between two terms", 'To look for the word, write "OR" in quotes.')
    if "NOT" in words[:-1]:
        refuse(text, "NOT is looked for as a word", "Put a - before what is not to be there: -from:ada.")
    if "-" in words[:-1]:
        refuse(text, "a - stands alone", "Write it right before the word that is not to be there.")
    for word, following in pairwise(words):
        _check_neighbours(text, word, following)


def _check_neighbours(text: str, word: str, following: str) -> None:
    if word in JOINTS and following in JOINTS:
        refuse(
            text, f"nothing stands between {word} and {following}", 'To look for the word, write it in quotes: "OR".'
        )
    if word == "AROUND" and not following.isdigit():
        refuse(text, "AROUND says no distance", "Write lunch AROUND 5 dinner: at most five words apart.")
    if following.startswith(":") and word.lower() in OPERATORS:
        refuse(text, f"a blank stands before the : of {word}", f"Write {word}{following}, without a blank.")


def _check_term(text: str, word: str) -> None:
    found = TERM.fullmatch(word)
    if found is None:
        return
    operator, argument = found["operator"].lower(), found["argument"]
    _check_operator(text, operator, word)
    if argument and argument[0] in OTHER_QUOTATION_MARKS:
        refuse(text, f"{argument[0]} is no quotation mark to Gmail", f'Write {operator}:"at noon" with straight ones.')
    if argument and operator in ARGUMENTS and PLACEHOLDER not in argument:
        ARGUMENTS[operator](text, operator, argument)


def _check_operator(text: str, operator: str, word: str) -> None:
    if operator in OPERATORS:
        return
    near = [MEANT[operator]] if operator in MEANT else get_close_matches(operator, sorted(OPERATORS), n=1, cutoff=0.6)
    meant = f"Did you mean {near[0]}:? " if near else ""
    refuse(text, f"there is no operator {operator}:", f'{meant}To look for the text, write it in quotes: "{word}".')


def _check_date(text: str, operator: str, argument: str) -> None:
    verb = {"newer": "after", "older": "before"}.get(operator, operator)
    hint = f"Write {operator}:2026/03/05, or seconds since 1970 (Query.{verb}(moment) does)."
    if AGE.fullmatch(argument):
        age = {"after": "newer_than", "before": "older_than"}[verb]
        refuse(text, f"{argument} is an age and no date", f"Did you mean {age}:{argument}?")
    if SECONDS.fullmatch(argument):
        return
    first, last = YEAR_FIRST.fullmatch(argument), YEAR_LAST.fullmatch(argument)
    if first is None and last is None:
        refuse(text, f"{argument} is no date that Gmail reads", hint)
    numbers = (first[1], first[3], first[4]) if first else (last[3], last[1], last[2]) if last else ("", "", "")
    try:
        date(*map(int, numbers))
    except ValueError:
        month_first = " Gmail reads the month first." if last else ""
        refuse(text, f"there is no day {argument}.{month_first}".rstrip("."), hint)


def _check_age(text: str, operator: str, argument: str) -> None:
    weeks = WEEKS.fullmatch(argument)
    if weeks is not None:
        refuse(text, "Gmail counts no weeks", f"Write {operator}:{7 * int(weeks[1])}d.")
    if not AGE.fullmatch(argument):
        refuse(text, f"{argument} is no age", f"Write {operator}:2d; h, d, m and y are hours, days, months and years.")


def _check_size(text: str, operator: str, argument: str) -> None:
    if not SIZE.fullmatch(argument):
        refuse(text, f"{argument} is no size", f"Write {operator}:10M, {operator}:500K, or the number of bytes.")


def _one_of(known: frozenset[str], others: frozenset[str] = frozenset()) -> Callable[[str, str, str], None]:
    def check(text: str, operator: str, argument: str) -> None:
        if argument.lower() in known | others:
            return
        near = get_close_matches(argument.lower(), sorted(known | others), n=1, cutoff=0.6)
        meant = f"Did you mean {operator}:{near[0]}? " if near else ""
        refuse(text, f"there is no {operator}:{argument}", f"{meant}There are: {', '.join(sorted(known))}.")

    return check


ARGUMENTS = MappingProxyType(
    {
        "after": _check_date,
        "before": _check_date,
        "newer": _check_date,
        "older": _check_date,
        "newer_than": _check_age,
        "older_than": _check_age,
        "size": _check_size,
        "larger": _check_size,
        "smaller": _check_size,
        "is": _one_of(STATES),
        "has": _one_of(CONTENTS, STARS),
        "category": _one_of(CATEGORIES),
    }
)


def refuse(text: str, why: str, hint: str) -> NoReturn:
    """Say what is wrong with a search, and what to write instead."""
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    raise InvalidRequest(f"The search {shown!r} would not find what it says: {why}.", hint=hint)
