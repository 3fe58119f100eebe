"""A stranger's HTML, shown: nothing in it runs, and by default nothing leads out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from mailgrant.gmail.html_straight import LONGEST_AS_IT_IS
from mailgrant.gmail.message import Message

from .hostile_html import HOSTILE_HTML

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://spy.example/1.gif' alt=cat>",
    "<img src='//spy.example/1.gif'>",
    "<img srcset='https://spy.example/1.gif 2x'>",
    "<body background='https://spy.example/1.gif'>",
    "<table background='https://spy.example/1.gif'><td>x",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java&#115;cript:alert(1)'>x</a>",
    "<a href='https://evil.example'>bank</a>",
    "<form action='https://evil.example'><input name=password></form>",
    "<iframe src='https://evil.example'></iframe>",
    "<object data='https://evil.example'></object>",
    "<style>@import 'https://spy.example/a.css'</style>",
    "<div style='background: url(https://spy.example/1.gif)'>x</div>",
    "<link rel=stylesheet href='https://spy.example/a.css'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<svg><script>alert(1)</script><image href='https://spy.example/1.gif'></svg>",
    "<math><mtext><script>alert(1)</script>",
    "<video src='https://spy.example/1.mp4' poster='https://spy.example/1.gif'>",
    "<base href='https://evil.example'>",
    "<blockquote cite='https://spy.example/'>x</blockquote>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
]


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_runs_and_nothing_leads_out(html: str) -> None:
    shown = Message("m1", html=f"<p>Hello</p>{html}").html_safe().lower()

    assert "<p>hello</p>" in shown
    for sign in ("script", "onerror=", "https:", "//spy", "evil", "style", "form", "href", "src="):
        assert sign not in shown.replace("<p title=", "") or "&lt;" in shown, shown


def test_links_and_remote_images_are_kept_where_they_are_wanted() -> None:
    message = Message("m1", html="<a href='https://example.com'>menu</a><img src='https://example.com/1.png'>")

    assert '<a href="https://example.com" rel="noopener noreferrer nofollow">menu</a>' in message.html_safe(links=True)
    assert '<img src="https://example.com/1.png">' in message.html_safe(images=True)
    assert message.html_safe() == "menu<img>"


def test_images_of_the_mail_itself_stay() -> None:
    assert '<img src="cid:logo">' in Message("m1", html="<img src='cid:logo'>").html_safe()


def test_a_mail_of_text_alone_is_shown_as_its_text() -> None:
    assert "At &lt;noon&gt;?" in Message("m1", text="At <noon>?").html_safe()


def test_html_that_nests_without_end_is_shown_all_the_same() -> None:
    assert "seen</div>" in Message("m1", html="<div>" * 100_000 + "<p>seen</p>").html_safe()


@given(st.text(max_size=300), st.booleans(), st.booleans())
def test_whatever_the_html_is_it_comes_out_without_scripts(html: str, links: bool, images: bool) -> None:
    assert "<script" not in Message("m1", html=html).html_safe(links=links, images=images)


SAFE_TAGS = frozenset({"html", "head", "body", "p", "div", "img", "a", "table", "tbody", "tr", "td", "blockquote", "b"})
SAFE_TAGS |= {"q", "del", "details", "map", "area", "center", "i", "span"}
SAFE_ATTRIBUTES = frozenset({"src", "href", "rel", "lang", "title", "alt"})
FILLING = f"<!--{' ' * LONGEST_AS_IT_IS}-->"


@pytest.mark.parametrize("filling", ["", FILLING], ids=["as it is", "made straight"])
@pytest.mark.parametrize("html", HOSTILE_HTML)
def test_only_harmless_tags_and_addresses_are_left(html: str, filling: str) -> None:
    shown = Message("m1", html=f"<p>Hello</p>{html}{filling}").html_safe(links=True, images=True)

    body = LexborHTMLParser(f"<body>{shown}").body
    assert body is not None
    for node in body.traverse():
        assert node.tag in SAFE_TAGS, shown
        assert node.attributes.keys() <= SAFE_ATTRIBUTES, shown
        assert (node.attributes.get("src") or "cid:").lower().startswith(("cid:", "http://")), shown
        assert (node.attributes.get("href") or "http://").startswith(("http://", "http:/\\", "mailto:")), shown


@pytest.mark.parametrize("html", HOSTILE_HTML)
def test_nothing_is_fetched_and_nothing_is_clicked_unless_it_is_wanted(html: str) -> None:
    shown = Message("m1", html=f"<p>Hello</p>{html}").html_safe()

    body = LexborHTMLParser(f"<body>{shown}").body
    assert body is not None
    for node in body.traverse():
        assert "href" not in node.attributes
        assert (node.attributes.get("src") or "cid:").lower().startswith("cid:")
