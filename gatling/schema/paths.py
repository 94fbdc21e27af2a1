"""Where a path leads: decoded, joined and in one spelling, so that `/workspace/%2e%2e/etc/passwd` is `/etc/passwd`.

| written | read as |
| --- | --- |
| `/a/./b//c`, `/a/x/../b/c`, `\\a\\b\\c` | `/a/b/c` |
| `%2e%2e`, `%252e`, full-width letters and dots | decoded, as often as it is encoded |
| `file:///a`, `FILE://localhost/a`, `\\\\?\\C:\\a`, `/private/etc`, `/proc/self/root/a` | `/a`, `c:/a`, `/etc`, `/a` |
| `$HOME/a`, `${HOME}/a`, `%USERPROFILE%\\a` | `~/a` |
| `https://me@Host.:443/a/../b?x` | `https://host/b?x` |
| `~/../../etc`, out of a home that nobody knows | `/etc`, which is not certain |
| `$DIR/a`, `{a,b}`, a command in backticks, a file's number | a path that nobody knows |

Nothing is looked up: links between files are not followed. Linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from gatling.schema.budget import checked
from gatling.schema.hosts import spelt_host
from gatling.schema.words import normalise

MAX_DECODINGS = 4
"""A text that is encoded more often leads nobody knows where."""
MAX_PIECES = 64
MAX_PATH_CHARS = 4_096
"""A longer path is opened by no system."""

_SLASHES = str.maketrans("\\\u2044\u2215\u29f8\u29f5\ufe68\uff0f\uff3c", "////////")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_WIDE_ESCAPE = re.compile(r"%u([0-9A-Fa-f]{4})")
_FILE = re.compile(r"file:(?://(?:localhost|127\.0\.0\.1)?(?=/))?", re.IGNORECASE)
_URL = re.compile(r"([a-z*][a-z0-9+.*-]{0,20})://([^/?#]*)([^?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r":\d{0,5}$")
_USUAL_PORTS = {"http": ":80", "https": ":443", "ftp": ":21"}
_BREAKS = re.compile(r"[\t\r\n]+")
_DEVICE = re.compile(r"//[?.]/(?:unc/)?(?=[a-z]:|)", re.IGNORECASE)
_DRIVE = re.compile(r"/?([A-Za-z]):(?=/|$)")
_HOME = re.compile(
    r"(?:\$HOME\b|\$\{HOME\}|\$env:(?:USERPROFILE|HOME)\b|%(?:USERPROFILE|HOMEPATH|HOME)%|~[\w.-]{0,64})(?=/|$)",
    re.IGNORECASE,
)
_ROOT = re.compile(r"(?:/proc/(?:self|thread-self|\d+)(?:/task/\d+)?/root)+(?=/|$)")
_ALIAS = re.compile(r"/private(?=/(?:etc|tmp|var)(?:/|$))")
_NUMBERED = re.compile(r"/proc/(?:self|thread-self|\d+)/(?:cwd|fd|exe|task)(?:/|$)|/dev/fd(?:/|$)")
_UNKNOWN = re.compile(r"\$[\w({]|`|%\w{1,40}%|\{(?=[^{}]{0,256}(?:,|\.\.)|[^{}]{256})[^{}]{0,256}\}?|\ufffd")
_STREAM = re.compile(r"::?\$(?:DATA|INDEX_ALLOCATION)\b.*", re.IGNORECASE | re.DOTALL)
_HOMES = re.compile(r"(?:/home/[^/]+|/users/[^/]+|/root|/var/root|[a-z]:/users/[^/]+|~[^/]*)(?=/|$)", re.IGNORECASE)
_FURTHER = re.compile(r"[\s,;:|=&\"'()<>](?=/(?![/\s])|~/|\.\./|[A-Za-z]:/(?!/)|file:/|\$HOME\b|\$\{HOME\})")
_BEFORE_A_ROOT = re.compile(r"(?:^|[^A-Za-z])(?:[A-Za-z]|file)$", re.IGNORECASE)
_OPEN = re.compile(
    r"[*?]|\[[^\]/]{0,64}\]|\$\w+|\$\{[^}]*\}?|\$\([^)]*\)?|`[^`]*`?|%\w{1,40}%|"
    r"\{(?=[^{}]{0,256}(?:,|\.\.)|[^{}]{256})[^{}]{0,256}\}?|\ufffd"
)
_QUOTES = " \t\r\n\"'`<>"


@dataclass(frozen=True, slots=True)
class PathReading:
    """One path, as it is compared."""

    text: str
    """With `/`, without `.` and `..` in it. A relative path that climbs starts with `../`."""
    is_certain: bool = True
    """Whether it leads just there, as far as the text says."""
    open_at: tuple[int, int] | None = None
    """Where in the text variables and patterns start and end, if there are any; all of it, where they may climb."""

    @property
    def is_absolute(self) -> bool:
        return is_absolute(self.text)

    @property
    def climbs(self) -> bool:
        return self.text == ".." or self.text.startswith("../")

    @property
    def below_home(self) -> str:
        """The path with whose home it is in left out: `~/.ssh/id_rsa`; empty for what is in no home."""
        home = _HOMES.match(self.text)
        return "~" + self.text[home.end() :] if home else ""


def is_absolute(text: str) -> bool:
    """Tell whether a path in its one spelling starts at a root, a drive or a home."""
    return text.startswith(("/", "~")) or bool(re.match(r"[a-z]:/", text)) or "://" in text[:24]


def decoded(text: str) -> tuple[str, bool]:
    """Return a text without escapes and disguises, and whether nothing is left to decode."""
    for _ in range(MAX_DECODINGS):
        plain = normalise(text)
        if "%" in plain:
            plain = _WIDE_ESCAPE.sub(lambda m: chr(int(m.group(1), 16)), plain)
            plain = unquote(plain, errors="replace") if _ESCAPE.search(plain) else plain
        if plain == text:
            return text, True
        text = plain
    return text, not _ESCAPE.search(text)


def read_path(text: str) -> PathReading:
    """Return where a text leads if it is a path. Any text can be read so; one without a sign of a path stays as it is."""
    plain, is_certain = decoded(text)
    plain = _STREAM.sub("", plain.strip(_QUOTES).partition("\x00")[0].translate(_SLASHES))
    if file := _FILE.match(plain):
        plain = plain[file.end() :]
        is_certain &= not plain.startswith("//")  # of another host
    elif url := _URL.match(_BREAKS.sub("", plain) if "://" in plain[:32] else ""):
        scheme, host, path, rest = url.groups()
        host = _authority(scheme.lower(), host)
        end = "/" if path.endswith(("/", "/.", "/..")) and _joined(path) != "/" else ""
        return PathReading(f"{scheme.lower()}://{host}{_joined(path or '/')}{end}{rest}", is_certain)
    plain = _DEVICE.sub("/" if plain.startswith("//") and not _DRIVE.match(plain[4:]) else "", plain, count=1)
    plain = _DRIVE.sub(lambda m: m.group(1).lower() + ":", plain, count=1) if _DRIVE.match(plain) else plain
    plain = (
        _HOME.sub(lambda m: m.group() if m.group()[0] == "~" else "~", plain, count=1) if _HOME.match(plain) else plain
    )
    climbs_out = False
    if drive := re.match(r"[a-z]:(?=/)", plain):
        joined = drive.group() + _joined(plain[2:])
    elif plain.startswith("~"):
        home, _, rest = plain.partition("/")
        below = _joined(rest)
        climbs_out = below == ".." or below.startswith("../")
        joined = (
            _joined(f"/home/x/{below}") if climbs_out else f"{home}/{below}"
        )  # one home of many: `/root` is another
        joined = joined.rstrip("/") if rest.strip("/") == "" else joined
        is_certain &= not climbs_out
    else:
        joined = _joined(plain)
    rooted = _ROOT.sub("", joined, count=1) if _ROOT.match(joined) else joined
    rooted = _ALIAS.sub("", rooted, count=1) if _ALIAS.match(rooted) else rooted
    rooted = rooted or ("/" if joined else "")
    unknown = _UNKNOWN.search(plain)
    found = [match.span() for match in checked(_OPEN.finditer(rooted))]
    open_at = (found[0][0], found[-1][1]) if found else None
    if (unknown and (not found or ".." in plain[unknown.start() :])) or (found and climbs_out):
        open_at = (0, len(rooted))
    is_certain &= not unknown and not _NUMBERED.match("/" + plain.lstrip("/")) and not re.match(r"[A-Za-z]:[^/]", plain)
    return PathReading(rooted, is_certain, open_at)


def _authority(scheme: str, text: str) -> str:
    """Return host and port of a web address in one spelling, without the name of a user."""
    host = text.rpartition("@")[2]
    port = _PORT.search(host)
    shown = "" if port is None or port.group() in (":", _USUAL_PORTS.get(scheme)) else port.group()
    return spelt_host(_PORT.sub("", host)) + shown


def _joined(path: str) -> str:
    """Return a path without empty parts, `.` and `..`; parts may end in spaces and dots, which some systems drop."""
    is_rooted = path.startswith("/")
    kept: list[str] = []
    climbed = 0
    for part in path.split("/"):
        name = part.strip(" \t\r\n")
        if name in ("", "."):
            continue
        if name != "..":
            kept.append(part)
        elif kept:
            kept.pop()
        else:
            climbed += 1
    joined = "/".join(kept)
    return "/" + joined if is_rooted else "/".join([".."] * climbed + kept)


def pieces(text: str) -> list[str]:
    """Return the paths that stand in a text behind its first: `/b` of `/a,/b`. Of pages of the web, none."""
    plain = decoded(text)[0].translate(_SLASHES)
    if plain.lstrip(_QUOTES)[:8].lower().startswith(("http://", "https://")):
        return []
    plain = plain.strip(_QUOTES)
    found: list[str] = []
    for match in checked(_FURTHER.finditer(plain)):
        is_root = match.group() == ":" and _BEFORE_A_ROOT.search(plain, max(0, match.start() - 5), match.start())
        if not is_root and len(found) < MAX_PIECES:
            found.append(plain[match.end() : match.end() + MAX_PATH_CHARS])
    return found
