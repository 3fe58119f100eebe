"""Long HTML made straight: it reads as it did, and no shape of it keeps a parser busy."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.gmail.html_safe import make_safe
from mailgrant.gmail.html_straight import LONGEST_AS_IT_IS, straightened
from mailgrant.gmail.html_text import html_to_text

# Makes any page long enough to be written anew.
FILLING = f"<!--{' ' * LONGEST_AS_IT_IS}-->"

PAGES = [
    "<p>One</p><p>Two</p>",
    "<p>One<p>Two<b>bold</b><p>Three",
    "<div>One</div><div>Two</div>",
    "One<br>Two<br/>Three",
    "Caf&eacute; &amp; bar&nbsp;&lt;3 < 4",
    "<ul><li>One<li><b>Two<li>Three</ul>",
    "<ol start=3><li>One<ul><li>Inner<li>Other</ul><li>Two</ol>",
    "<dl><dt>a<dd>b<dt>c<dd>d</dl>",
    "<table><tr><td>a<td>b<tr><th>c<td>d</table>e",
    "<table><thead><tr><td>a<tbody><tr><td><table><tr><td>b</table>c</table>",
    "<table><tr><td>a</div></td><td>b</td></tr></table>",
    "<blockquote>a<blockquote>b</blockquote>c</blockquote>",
    "<pre>  a\n    b</pre>",
    '<a href="https://example.com/x?a=1&amp;b=2">here</a>',
    "<a href=https://example.com/x>here</a>",
    "<a href='https://example.com/\"x'>here</a>",
    '<img src="x" alt="A > cat">',
    "<style>p > b { color: red }</style><script>if (a < b) x('</div>')</script><title>t</title>seen",
    "<!-- <b> --><![if mso]>seen<![endif]><?xml x?></ odd>",
    "un<b>closed <i>tags",
    "<svg width=1 /><p>seen",
    "<svg><path d='M0 0'/></svg>seen",
    "<textarea>a <b> c</textarea>",
    "<!--><p>seen",
    "<P CLASS=x>One</P><Br>Two",
]

HOSTILE = {
    "tags that nest": "<div>" * 200_000,
    "tags that nest and are closed": "<div>" * 90_000 + "</div>" * 90_000,
    "tags closed by others": "<b></i>" * 140_000,
    "paragraphs in tags that are closed": "<span><p></span>" * 60_000,
    "fonts that were never closed": "".join(f"<p><font size={number}>x" for number in range(40_000)),
    "letters of the alphabet": "".join(f"<p><b id={number}>x" for number in range(50_000)),
    "attributes": "<p " + " ".join(f"a{number}" for number in range(120_000)) + ">",
    "attributes that never end": "<p " + "a='b' " * 150_000,
    "a quotation that never ends": '<a href="' * 110_000,
    "blanks": "\N{NO-BREAK SPACE}" * 1_000_000,
    "entities": "&amp;" * 200_000,
    "comments": "<!--" * 250_000,
    "angles": "<" * 1_000_000,
    "end tags": "</p>" * 250_000,
    "drawings": "<svg><g>" * 120_000,
    "choices": "<select><option>" * 60_000,
    "tables": "<table><tr><td>" * 60_000,
    "links": "<a><div></a>" * 80_000,
    "outer tags in tables": "<table>" + "<b>x" * 200_000,
}


@pytest.mark.parametrize("html", PAGES)
def test_a_page_reads_the_same_when_it_was_made_straight(html: str) -> None:
    assert html_to_text(html + FILLING) == html_to_text(html)


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_megabyte_is_read_and_shown_in_seconds(html: str) -> None:
    begun = time.process_time()

    html_to_text(html)
    make_safe(html, links=True, images=True)

    # A slow machine needs three; parsed as they came, these took minutes.
    assert time.process_time() - begun < 20


def test_what_is_short_stays_as_it_is() -> None:
    assert straightened("<p><font color=red>x") == "<p><font color=red>x"


@given(
    st.lists(st.sampled_from(["<p>", "</p>", "<td>", "<table>", "</table>", "<b>", "</b>", "<a href=x>", "</a>", "x "]))
)
def test_every_tag_is_closed_where_it_ends(pieces: list[str]) -> None:
    straight = straightened("".join(pieces) + FILLING)

    assert straight.count("<p>") == straight.count("</p>")
    assert straight.count("<table>") == straight.count("</table>")
    assert straightened(straight + FILLING) == straight
