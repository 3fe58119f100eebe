"""Words: how Gmail's search cuts text up, for the mail and for the query alike."""

from __future__ import annotations

import re
import unicodedata

# Nobody searches for more of a word than this, and base64 in a body would swell the index.
LONGEST_WORD = 64

# Scripts written without spaces: every character is a word, and a search for several is a phrase.
SPACELESS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# A number keeps its points; dashes and blanks part two numbers.
NUMBER = r"[0-9]+(?:[.,][0-9]+)+(?![^\W_])"
ASCII_WORD = re.compile(rf"{NUMBER}|[a-z0-9]+")
WORD = re.compile(rf"{NUMBER}|[{SPACELESS}]|(?:(?![{SPACELESS}])[^\W_])+")


def words(text: str) -> list[str]:
    """Return the words of a text in order, in lower case and without accents."""
    folded = text.casefold()
    if folded.isascii():
        return [word[:LONGEST_WORD] for word in ASCII_WORD.findall(folded)]
    bare = "".join(char for char in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(char))
    # Composed again, or a Hangul syllable would be three letters.
    return [word[:LONGEST_WORD] for word in WORD.findall(unicodedata.normalize("NFC", bare))]
