"""Commands that go to other machines: `curl`, `wget`, `ssh`, `scp`, `rsync`, `nc`, mail. Which hosts, and whether data goes there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from gatling.tools.programs.action import Action, Does, Thing, shortened, unclear
from gatling.tools.programs.secrets import is_secret_path

_URL = re.compile(r"(?:([a-z][a-z0-9+.-]{0,20})://)?([^/?#\s]*)", re.IGNORECASE)
_HOST = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62}\.)+[a-z0-9-]{2,63}|\d{1,3}(?:\.\d{1,3}){3}|localhost|\[[0-9a-f:.]+\])(?::\d{1,5})?",
    re.IGNORECASE,
)
_REMOTE = re.compile(r"(?:([\w.-]{1,64})@)?([\w.-]{1,253}|\[[0-9a-fA-F:]+\]):(?!//)(.*)")
_FILE_URL = re.compile(r"file:(?://(?:localhost|127\.0\.0\.1)?(?=/|$))?([^?#]*)", re.IGNORECASE)
_METHODS = {
    "get": "reads",
    "head": "reads",
    "options": "reads",
    "post": "sends",
    "put": "sends",
    "patch": "sends",
    "delete": "deletes",
}
_CURL_SENDS = frozenset(
    "-d --data --data-raw --data-binary --data-ascii --data-urlencode -F --form --form-string -T --upload-file --json "
    "--mail-rcpt --url-query --quote -Q".split()
)
_CURL_VALUES = frozenset(
    "-A --user-agent -H --header -e --referer -u --user -b --cookie -m --max-time --connect-timeout --retry --retry-delay "
    "--cacert -E --cert --key --ciphers --interface -w --write-out -r --range --limit-rate --max-redirs "
    "--retry-max-time -z --max-filesize --tls-max --proto --oauth2-bearer --aws-sigv4".split()
)
_CURL_WRITES = frozenset(
    "-o --output -D --dump-header -c --cookie-jar --trace --trace-ascii --stderr --output-dir --libcurl --etag-save --hsts".split()
)
_CURL_REROUTES = frozenset("--resolve --connect-to --dns-servers".split())
_CURL_PLACES = frozenset("-x --proxy --socks5 --socks4 --preproxy --doh-url --unix-socket".split())
_WGET_SENDS = frozenset("--post-data --post-file --body-data --body-file".split())
_WGET_VALUES = frozenset(
    "-t --tries -T --timeout -U --user-agent --header -e --execute -w --wait -l --level -A --accept -R --reject --user --password -P "
    "--directory-prefix --limit-rate -Q --quota -D --domains".split()
)
_WGET_WRITES = frozenset("-O --output-document -o --output-file -a --append-output".split())


def host_of(text: str) -> Thing | None:
    """Return the host of a URL or of what may be one."""
    match = _URL.match(text)
    scheme, authority = (match.group(1), match.group(2)) if match else (None, "")
    host = authority.rpartition("@")[2].lower()
    if scheme and scheme.lower() == "file":
        return None
    if scheme or _HOST.fullmatch(host):
        return Thing("host", re.sub(r":\d{0,5}$", "", host), is_known="$" not in host and bool(host))
    return None


def place_of(text: str) -> Thing | None:
    """Return what an address leads to: a machine, or a file of this one; what has no scheme is one of the web."""
    if file := _FILE_URL.match(text):
        return Thing("path", unquote(file[1]) or "/", is_known="$" not in text)
    return host_of(text) or host_of("http://" + text)


def remote_of(text: str) -> Thing | None:
    """Return the machine of `git@a.com:x/y`, as `git` and `scp` write places; `HEAD:main` is none."""
    match = _REMOTE.fullmatch(text)
    if match is None or not (match[1] or _HOST.fullmatch(match[2])):
        return None
    return Thing("host", match[2].lower())


def request_action(method: str, url: str, said: str, *, has_body: bool = False) -> Action:
    """Return what an HTTP request does."""
    does = _METHODS.get(method.strip().lower())
    place = host_of(url) if _FILE_URL.match(url) is None else place_of(url)
    things = (place or Thing("name", url),)
    if does is None:
        return unclear(said)
    is_secret = is_secret_path(url)
    if does == "reads" and has_body:
        does = "sends"
    kind: Does = does  # type: ignore[assignment]
    return Action(kind, shortened(said), things, is_secret=is_secret)


def of_curl(words: Sequence[str]) -> list[Action]:
    """Return what a line of curl does."""
    line = ("curl", *words)
    said = shortened(" ".join(line))
    method, sends, things, written, secret = "", False, [], [], False
    i = 0
    while i < len(words):
        word = words[i]
        option, joined, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if not word.startswith("-") or word == "-":
            host = place_of(word)
            things += [host] if host else [Thing("path", word)]
            secret |= is_secret_path(word)
            i += 1
            continue
        if not word.startswith("--") and len(word) > 2:  # -sSLo FILE, -XPOST
            at = next(
                (
                    n
                    for n in range(1, len(word))
                    if "-" + word[n] in _CURL_VALUES | _CURL_SENDS | _CURL_WRITES | _CURL_PLACES | {"-X", "-K"}
                ),
                0,
            )
            if at:
                option, value = "-" + word[at], word[at + 1 :]
                joined = value
        with_value = _CURL_VALUES | _CURL_SENDS | _CURL_WRITES | _CURL_PLACES | _CURL_REROUTES
        has_value = option in with_value or option in (
            "-X",
            "--request",
            "-K",
            "--config",
            "--url",
        )
        if has_value and not joined:
            i += 1
            value = words[i] if i < len(words) else ""
        if option in ("-K", "--config"):
            return [unclear(said, line)]
        if option in ("-X", "--request"):
            method = value
        elif option == "--url":
            host = place_of(value)
            things += [host] if host else []
        elif option in _CURL_SENDS:
            sends = True
            secret |= is_secret_path(value.rpartition("@")[2])
        elif option in _CURL_WRITES:
            written.append(value)
        elif option in _CURL_REROUTES:  # HOST:PORT:ADDRESS[,ADDRESS], HOST1:PORT1:HOST2:PORT2
            behind = (
                [value]
                if option == "--dns-servers"
                else value.split(":", 2)[2:]
                if option == "--resolve"
                else value.split(":")[2:3]
            )
            places = [a.strip("[]") for part in behind for a in part.split(",") if a.strip("[]")]
            things += [Thing("host", a.lower()) for a in places]
        elif option in _CURL_PLACES:
            host = place_of(value)
            things += [host] if host else []
        elif option in ("-I", "--head", "-G", "--get"):
            method = method or "GET"
        i += 1
    does = _METHODS.get(method.lower(), "") if method else "reads"
    if not does:
        return [unclear(said, line)]
    does = "sends" if sends and does != "deletes" and method.upper() != "GET" else does
    if sends and method.upper() == "GET":
        does = "sends"
    kind: Does = does  # type: ignore[assignment]
    found = [Action(kind, said, tuple(t for t in things if t.kind == "host"), is_secret=secret, command=line)]
    found += [
        Action("reads", said, (t,), is_secret=is_secret_path(t.text), command=line) for t in things if t.kind == "path"
    ]
    return found + [
        Action("writes", said, (Thing("path", path),), command=line)
        for path in written
        if path not in ("-", "/dev/null")
    ]


def of_wget(words: Sequence[str]) -> list[Action]:
    """Return what a line of wget does: it writes files, unless it is told to print."""
    line = ("wget", *words)
    said = shortened(" ".join(line))
    hosts: list[Thing] = []
    sends, target = False, ""
    i = 0
    while i < len(words):
        word = words[i]
        option, joined, value = word.partition("=")
        if not word.startswith("-"):
            host = place_of(word)
            hosts += [host] if host else []
        elif option in ("-i", "--input-file", "--config", "--use-askpass", "--method"):
            return [unclear(said, line)]
        elif option in _WGET_SENDS:
            sends = True
            i += 0 if joined else 1
        elif option in _WGET_WRITES:
            target = value if joined else words[i + 1] if i + 1 < len(words) else ""
            i += 0 if joined else 1
        elif option in _WGET_VALUES:
            if option in ("-e", "--execute") and "proxy" in (value if joined else "".join(words[i + 1 : i + 2])):
                return [unclear(said, line)]
            i += 0 if joined else 1
        elif word.startswith("-") and not word.startswith("--") and word.endswith("O"):  # -qO-, -qO FILE
            target = words[i + 1] if i + 1 < len(words) else ""
            i += 1
        elif not word.startswith("--") and "O" in word:
            target = word.partition("O")[2]
        i += 1
    kind: Does = "sends" if sends else "reads"
    secret = any(t.kind == "path" and is_secret_path(t.text) for t in hosts)
    found = [Action(kind, said, tuple(hosts), is_secret=secret, command=line)]
    if target not in ("-", "/dev/null"):
        found.append(Action("writes", said, (Thing("path", target),) if target else (), command=line))
    return found


def of_copy(name: str, words: Sequence[str]) -> list[Action]:
    """Return what `scp`, `sftp` and `rsync` do: the last place is where it goes."""
    line = (name, *words)
    said = shortened(" ".join(line))
    if any(
        w in ("-e", "--rsh", "-S", "-o", "--rsync-path", "-F") or w.startswith(("--rsh=", "--rsync-path=", "-oProxy"))
        for w in words
    ):
        return [unclear(said, line)]
    places = [w for w in words if not w.startswith("-")]
    remote = [match for place in places if (match := _REMOTE.fullmatch(place))]
    hosts = tuple(Thing("host", match.group(2).lower()) for match in remote)
    secret = any(is_secret_path(place) for place in places)
    if not places:
        return [unclear(said, line)]
    if any(w.startswith(("--delete", "--remove-source")) for w in words):
        return [Action("deletes", said, (Thing("path", places[-1]), *hosts), is_final=True, command=line)]
    goes_out = _REMOTE.fullmatch(places[-1]) is not None or "://" in places[-1]
    if goes_out or name == "sftp":
        return [Action("sends", said, hosts, is_secret=secret, command=line)]
    return [Action("writes", said, (Thing("path", places[-1]), *hosts), is_secret=secret, command=line)]


def of_connection(name: str, words: Sequence[str]) -> list[Action]:
    """Return what `ssh`, `nc`, `telnet`, `ftp` and mail programs do."""
    line = (name, *words)
    said = shortened(" ".join(line))
    hosts = tuple(h for w in words if not w.startswith("-") and (h := host_of(w.rpartition("@")[2])))
    if name == "ssh":
        return [Action("executes", said, hosts, is_understood=False, command=line)]
    if name in ("nc", "ncat", "netcat", "socat") and any(
        w in ("-e", "-c", "--exec", "--sh-exec") or "exec:" in w.lower() for w in words
    ):
        return [Action("executes", said, hosts, is_final=True, command=line)]
    if name in ("nc", "ncat", "netcat") and any(w.startswith("-") and "z" in w for w in words):
        return [Action("reads", said, hosts, command=line)]
    return [Action("sends", said, hosts, command=line)]
