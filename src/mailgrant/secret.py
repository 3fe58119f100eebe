"""Secret: a string that will not print itself."""

from __future__ import annotations


class Secret:
    """
    A token, code, verifier or password, kept out of every place where text ends up by accident.

    `str`, `repr`, `format` and pickling give nothing away; `reveal()` is the one way to the text,
    and the few files that may call it are listed in `CONTRIBUTING.md` and checked by a house test.
    Equality takes constant time, so that comparing a guess tells nothing about the secret.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError("a Secret holds text")
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac

        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "…"

    def __format__(self, spec: str) -> str:
        return "…"

    def __reduce__(self) -> str | tuple[object, ...]:
        # A pickle is a file that anybody may read later; the vault is the place for secrets.
        raise TypeError("a Secret is not pickled; keep it in the vault")
