"""The frame of pages: what was read stays text, what would not be seen is shown, and nothing can run or be loaded."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from gatling.page import document, plain, text


@pytest.mark.parametrize(
    ("read", "shown"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("\" onmouseover='x'", "&quot; onmouseover=&#x27;x&#x27;"),
        ("two\nlines\tand\r\nmore", "two\nlines\tand\nmore"),
        ("moc.\u202elive", 'moc.<span class="odd">U+202E</span>live'),
        ("a\u200b\u200bn", 'a<span class="odd">U+200B x 2</span>n'),
        ("\u200b\u200d", '<span class="odd">U+200B</span><span class="odd">U+200D</span>'),
        ("nul\0 esc\x1b[2J", 'nul<span class="odd">U+0000</span> esc<span class="odd">U+001B</span>[2J'),
        ("\U000e0041\ud800", '<span class="odd">U+E0041</span><span class="odd">U+D800</span>'),
        ("ann\ufe0f@corp", 'ann<span class="odd">U+FE0F</span>@corp'),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("\u2764\ufe0f\ufe0f", '\u2764\ufe0f<span class="odd">U+FE0F</span>'),
        ("x\u3164y\u00a0z", 'x<span class="odd">U+3164</span>y<span class="odd">U+00A0</span>z'),
        ("Z\u00fcrich \u0645\u0631\u062d\u0628\u0627", "Z\u00fcrich \u0645\u0631\u062d\u0628\u0627"),
    ],
)
def test_what_was_read_is_text(read: str, shown: str) -> None:
    assert text(read) == shown


def test_what_is_cut_says_how_much() -> None:
    assert text("abcdef", 6) == "abcdef"
    assert text("abc<" + 1_000 * "x", 4) == 'abc&lt;<span class="cut"> ... 1,000 more characters</span>'


def test_titles_hold_no_element_and_nothing_unseen() -> None:
    assert plain("a\u202eb\nc") == "a?b\nc"
    page = "".join(document("</title><script>x</script>\u202e", ["<p>body</p>"]))
    assert "<title>&lt;/title&gt;&lt;script&gt;x&lt;/script&gt;?</title>" in page


def policy_of(page: str) -> dict[str, str]:
    [policy] = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    assert page.index("Content-Security-Policy") < page.index("<title>")  # it holds for what comes after it
    return dict(part.partition(" ")[::2] for part in policy.split("; "))


def test_the_policy_of_a_page_allows_its_own_style_and_nothing_else() -> None:
    page = "".join(document("T", ["body"], style="p { color: red; }"))
    [style] = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert style.endswith("p { color: red; }")
    assert policy_of(page) == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    more = policy_of("".join(document("T", [], has_images=True, has_forms=True)))
    assert (more["img-src"], more["form-action"], more["default-src"]) == ("data:", "'self'", "'none'")
