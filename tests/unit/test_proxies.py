"""The way to a host leads by whom the environment names, and by nobody who is no proxy."""

from __future__ import annotations

from importlib.machinery import ModuleSpec

import pytest

from mailgrant import proxies
from mailgrant.errors import SettingsError
from mailgrant.proxies import Proxy, proxy_for


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start with an environment that names no proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_without_a_word_the_way_is_straight() -> None:
    assert proxy_for("https", "gmail.googleapis.com") is None


def test_https_has_its_own_proxy_and_else_the_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://all.example:1")
    assert proxy_for("https", "gmail.googleapis.com") == Proxy("http://all.example:1")

    monkeypatch.setenv("HTTPS_PROXY", "own.example:2")
    assert proxy_for("https", "gmail.googleapis.com") == Proxy("http://own.example:2")


def test_a_host_that_is_left_out_is_reached_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://own.example:2")
    monkeypatch.setenv("NO_PROXY", "localhost,.googleapis.com")

    assert proxy_for("https", "gmail.googleapis.com") is None
    assert proxy_for("https", "accounts.google.com") is not None


def test_the_password_is_decoded_and_never_shown() -> None:
    proxy = Proxy.parse("http://me:s%40fe%3A1@[::1]:3128")

    assert (proxy.url, proxy.user, proxy.password) == ("http://[::1]:3128", "me", "s@fe:1")
    assert "s@fe" not in repr(proxy)


@pytest.mark.parametrize("address", ["ftp://p.example", "http://", "http://p.example:none", "http://p.example:99999"])
def test_what_is_no_proxy_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Proxy.parse(address)

    assert "p.example:" not in str(caught.value).replace("proxy.example:3128", "")


def test_socks_is_spoken_only_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match="SOCKS"):
        Proxy.parse("socks5://p.example:1080")

    monkeypatch.setattr(proxies, "find_spec", lambda name: ModuleSpec(name, None))
    assert Proxy.parse("socks5h://p.example:1080") == Proxy("socks5h://p.example:1080")
