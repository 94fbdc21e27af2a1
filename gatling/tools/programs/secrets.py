"""What a system hides: files of keys and passwords, names of secrets, and values that are keys themselves."""

from __future__ import annotations

import fnmatch
import re
from itertools import pairwise
from urllib.parse import unquote

from gatling.schema.words import split_words

# Paths, without letter case, after decoding; each alternative is bounded, and none can match in two ways.
_PATHS = re.compile(
    r"(?:^|[/\\:=@])(?:"
    r"etc/(?:shadow|gshadow|passwd|sudoers)\b"
    r"|\.(?:ssh|gnupg|aws|azure|kube|docker/config\.json|netrc|pgpass|my\.cnf|npmrc|pypirc|git-credentials|htpasswd|vault-token)(?:$|[/\\.-]|\b)"
    r"|\.env(?:$|\.(?!example|sample|template|dist)|\b(?![\w.-]))"
    r"|\.(?:bash|zsh|sh|mysql|psql|python)_history\b"
    r"|\.config/(?:gcloud|gh)\b"
    r"|id_(?:rsa|dsa|ecdsa|ed25519)(?!\.pub)\b"
    r"|(?:credentials?|secrets?|passwords?|api[_-]?keys?|private[_-]?key|service[_-]account)(?:\.(?:json|ya?ml|txt|csv|ini|cfg|toml|kdbx|db|xlsx?|env|key|pem))?$"
    r"|proc/(?:self|\d{1,9})/(?:environ|mem|maps)\b"
    r"|var/run/secrets\b|run/secrets\b"
    r"|windows/system32/config/sam\b"
    r")"
    r"|\.(?:pem|kdbx|keystore|jks|p12|pfx|ppk)$"
    r"|169\.254\.169\.254|metadata\.google\.internal",
    re.IGNORECASE,
)
_NAMES = frozenset(
    "password passwords passwd pwd secret secrets credential credentials token tokens apikey apikeys otp mfa totp pin ssn cvv "
    "passphrase keystore keychain".split()
)
_KEYS = frozenset(("key", "keys"))
_OF_KEYS = frozenset("api private access secret ssh encryption signing master service license licence".split())
# Kinds of keys that tell themselves by their form.
_VALUES = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,255}\b|\bgithub_pat_\w{20,255}"
    r"|\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,200}|\bsk_live_[A-Za-z0-9]{16,200}|\bxox[abprs]-[A-Za-z0-9-]{10,200}"
    r"|\bAIza[0-9A-Za-z_-]{35}|\beyJ[A-Za-z0-9_-]{10,500}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,500}"
)
# For patterns, which are tried on these.
_WHERE_THEY_LIE = (
    "/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/passwd", "/root/.ssh/id_rsa", "/home/ann/.ssh/id_rsa", "/home/ann/.aws/credentials",
    "/home/ann/.netrc", "/home/ann/.bash_history", "/home/ann/.ssh/id_ed25519", "/proc/self/environ", "/root/.bash_history",
    "/home/ann/.kube/config", "/home/ann/.gnupg/secring.gpg", ".env", ".ssh/id_rsa", "id_rsa", ".aws/credentials", "./.env",
)  # fmt: skip
_MAX_PATTERN = 256
_MAX_CHARS = 4_096
_MAX_VALUE_CHARS = 100_000


def is_secret_path(text: str) -> bool:
    """Tell whether a path or an address is one where keys, passwords or private histories lie."""
    if len(text) > _MAX_CHARS or text.endswith(".pub"):
        return False
    if any(sign in text for sign in "*?["):  # /etc/sh?dow
        pattern = text.replace("~", "/home/ann", 1) if text.startswith("~") else text
        says_something = len(text.strip("*?[].~/")) >= 2 and len(text) <= _MAX_PATTERN
        return says_something and any(
            path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern) for path in _WHERE_THEY_LIE
        )
    return _PATHS.search(unquote(unquote(text)).replace("\\", "/")) is not None


def is_secret_name(name: str) -> bool:
    """Tell whether the name of a column, a variable or a resource is that of a secret."""
    words = split_words(name[:_MAX_CHARS])
    return not _NAMES.isdisjoint(words) or any(a in _OF_KEYS and b in _KEYS for a, b in pairwise(words))


def holds_secret(text: str) -> bool:
    """Tell whether a text holds a key or a token that tells itself by its form."""
    return _VALUES.search(text, 0, _MAX_VALUE_CHARS) is not None


def secrets_in(text: str) -> list[str]:
    """Return the keys and tokens in a text that tell themselves by their form."""
    return [match.group() for match in _VALUES.finditer(text, 0, _MAX_VALUE_CHARS)]
