"""HTML as a person reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.gmail.html_text import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("One<br>Two<br><br>Three", "One\nTwo\n\nThree"),
        ("<p>Some\n   <b>bold</b>  words</p>", "Some bold words"),
        ("Caf&eacute; &amp; bar&nbsp;&lt;3", "Café & bar <3"),
        ("<ul><li>One<li>Two</ul>", "- One\n- Two"),
        ("<ol><li>One</li><li><p>Two</p></li></ol>", "1. One\n2. Two"),
        ("<ul><li>One<ul><li>Inner</li></ul></li></ul>", "- One\n  - Inner"),
        ("<ul><li></li></ul><p>After</p>", "After"),
        ("<p>Hi</p><blockquote><p>One</p><p>Two</p></blockquote>", "Hi\n\n> One\n>\n> Two"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b"),
        ("<pre>  a\n    b</pre>", "  a\n    b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a  b\nc"),
        ('<a href="https://example.com/x">here</a>', "here <https://example.com/x>"),
        ('<a href="https://example.com">https://example.com</a>', "https://example.com"),
        ('<a href="mailto:ada@example.com">ada@example.com</a>', "ada@example.com"),
        ('<a href="javascript:alert(1)">here</a>', "here"),
        ('<img src="x" alt="A cat">', "A cat"),
        ("a<hr>b", "a\n\n--------------------\n\nb"),
        ("<style>p{}</style><script>x()</script><title>t</title>seen", "seen"),
        ("<!-- hidden -->seen", "seen"),
        ("un<b>closed <i>tags", "unclosed tags"),
    ],
)
def test_html_reads_as_the_page_does(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_deep_lists_and_quotations_do_not_fill_the_memory_with_their_margin() -> None:
    assert len(html_to_text("<ul>" * 5_000 + "<li>x</li>" * 5_000)) < 500_000
    assert len(html_to_text("<blockquote>" * 1_900 + "x<br>" * 50)) < 5_000


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    assert html_to_text("<div>" * 5_000 + "x") == "x"


@given(st.text())
def test_any_text_is_read_without_raising(html: str) -> None:
    assert "\r" not in html_to_text(html)


@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "<li>", "</ul>", "<ol>", "<pre>", "</pre>", "<a href=x>", "</a>", "a b\n"])
    )
)
def test_any_soup_of_tags_is_read_without_raising(tags: list[str]) -> None:
    text = html_to_text("".join(tags))

    assert text == text.strip("\n")
