"""Where a path leads, and in time whatever is in it."""

from __future__ import annotations

import time

import pytest

from gatling.schema.hosts import addresses_in_name, ip_of, spelt_host
from gatling.schema.paths import pieces, read_path


@pytest.mark.parametrize(
    ("text", "path", "is_certain"),
    [
        ("/a/./b//c", "/a/b/c", True),
        ("/a/x/../b", "/a/b", True),
        ("/../../a", "/a", True),
        ("../a/../b", "../b", True),
        ("a/../../b", "../b", True),
        ("/a/%2e%2e/b", "/b", True),
        ("/a/%25252e%25252e/b", "/b", True),
        ("/a/%" + "25" * 9 + "2e/b", "/a/%" + "25" * 5 + "2e/b", False),
        ("/a/\uff0e\uff0e/b", "/b", True),
        ("\\a\\b", "/a/b", True),
        ("file:///a/b", "/a/b", True),
        ("file://other/a", "/other/a", False),
        ("C:\\A\\..\\b", "c:/b", True),
        ("\\\\?\\C:\\a", "c:/a", True),
        ("c:a", "c:a", False),
        ("~/a/../b", "~/b", True),
        ("$HOME/a", "~/a", True),
        ("%USERPROFILE%\\a", "~/a", True),
        ("/a/$X/b", "/a/$X/b", False),
        ("/proc/self/root/etc/x", "/etc/x", True),
        ("/proc/self/cwd/x", "/proc/self/cwd/x", False),
        ("/etc/x\x00.png", "/etc/x", True),
        ("/etc/x::$DATA", "/etc/x", True),
        ("https://me@Acme.com.:443/a/../b?c=/../d", "https://acme.com/b?c=/../d", True),
        ("http://0x7f.1/a", "http://127.0.0.1/a", True),
        ("notes of may.txt", "notes of may.txt", True),
        ("v1..v2", "v1..v2", True),
        ("", "", True),
    ],
)
def test_one_spelling(text: str, path: str, is_certain: bool) -> None:
    found = read_path(text)
    assert (found.text, found.is_certain) == (path, is_certain)
    assert read_path(found.text).text == found.text or not is_certain


def test_further_paths_of_a_text() -> None:
    assert pieces("/a.txt,/b.txt ~/c") == ["/b.txt ~/c", "~/c"]
    assert pieces("a=/b") == ["/b"]
    assert pieces("/a b/c d.txt") == []
    assert pieces("https://a.com/b?c=/d") == []
    assert pieces("C:\\a") == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", "127.0.0.1"), ("0x7f.1", "127.0.0.1"), ("017700000001", "127.0.0.1"), ("2130706433", "127.0.0.1"),
        ("[::ffff:7f00:1]", "127.0.0.1"), ("[::1]", "::1"), ("127.1", "127.0.0.1"), ("1.2.3.256", ""), ("5000", ""), ("a.b", ""),
        ("1.2.3.4.5", ""), ("2001:DB8:0::1", "2001:db8::1"), ("0x" + "f" * 17, ""), ("9" * 40, ""), ("089.1", ""),
    ],
)  # fmt: skip
def test_numbers_of_machines(text: str, address: str) -> None:
    assert ip_of(text) == address


def test_names_of_machines() -> None:
    assert spelt_host("WWW.Acme.com.") == "www.acme.com"
    assert spelt_host("xn--bcher-kva.example") == "b\u00fccher.example"
    assert addresses_in_name("127-0-0-1.nip.io") == ["127.0.0.1"]
    assert addresses_in_name("www.acme.com") == []


@pytest.mark.parametrize(
    "part",
    ["../", "%252e", "{a,", "[", "$(", "`", "/~/", ":/", "\uff0e", "%", "{a..b", "a@", "\\\\?\\", "%41" * 3, "$HOME/"],
)
def test_hostile_texts_take_linear_time(part: str) -> None:
    text = part * (30_000 // len(part))
    started = time.process_time()
    read_path(text)
    read_path("https://" + text)
    pieces(text)
    assert time.process_time() - started < 2
