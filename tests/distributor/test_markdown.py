"""Markdown of distributors as shops show it: nothing in it runs, and nothing of it vouches for anybody."""

import pytest

from storefront import markdown


def test_a_description_has_headings_below_the_pages_own_lists_and_tables() -> None:
    drawn = markdown.html(
        "# Why\n\nOne **console**, for\n\n- phones\n- laptops\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    for part in ("<h3>Why</h3>", "<strong>console</strong>", "<li>phones</li>", "<td>1</td>"):
        assert part in drawn
    assert markdown.html("  ") == ""


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/track.png)",
        '<a href="https://x.example" onclick="go()">x</a>',
        "<iframe src='https://x.example'></iframe>",
        "[x](https://x.example 'a\" onclick=\"go()')",
    ],
)
def test_nothing_that_an_author_types_becomes_markup_of_its_own(written: str) -> None:
    drawn = markdown.html(written)
    assert "<script" not in drawn
    assert "<img" not in drawn
    assert "<iframe" not in drawn
    assert not any(" onclick=" in tag for tag in drawn.split("<")[1:] if '"' not in tag.split(" onclick=")[0])


def test_a_link_leads_to_a_page_or_a_mailbox_and_nowhere_else() -> None:
    drawn = markdown.html("[a](https://a.example) [b](mailto:b@b.example) <https://c.example>")
    assert drawn.count('rel="nofollow noopener"') == 3
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/distributor",
        "vbscript:x",
        "JAVASCRIPT:x",
    ):
        assert "<a" not in markdown.html(f"[x]({url})"), url
        assert not markdown.leads_somewhere(url), url
