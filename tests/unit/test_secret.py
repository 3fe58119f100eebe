"""A Secret holds text that must not end up anywhere by accident."""

from __future__ import annotations

import logging
import pickle
import traceback

import pytest

from mailgrant.secret import Secret

TOKEN = "ya29.a-token-of-ada"


def test_a_secret_does_not_print_itself() -> None:
    secret = Secret(TOKEN)

    printed = f"{secret} {secret!r} {secret!s} {secret:>40} {[secret]} { ({'token': secret}) }"

    assert TOKEN not in printed


def test_a_secret_reaches_no_log_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(TOKEN)

    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("token=%s", secret)
    try:
        raise ValueError(secret)
    except ValueError:
        trace = traceback.format_exc()

    assert TOKEN not in caplog.text
    assert TOKEN not in trace


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="vault"):
        pickle.dumps(Secret(TOKEN))


def test_secrets_are_equal_when_their_texts_are() -> None:
    assert Secret(TOKEN) == Secret(TOKEN)
    assert Secret(TOKEN) != Secret("another")
    assert Secret(TOKEN) != TOKEN
    assert len({Secret(TOKEN), Secret(TOKEN)}) == 1


def test_only_reveal_gives_the_text() -> None:
    assert Secret(TOKEN).reveal() == TOKEN
    assert Secret("") != Secret(TOKEN)
    assert not Secret("")


def test_a_secret_holds_text_only() -> None:
    with pytest.raises(TypeError):
        Secret(b"bytes")  # type: ignore[arg-type]
