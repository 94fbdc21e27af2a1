"""What a parameter's value looks like: stated by its source, else evident from the last words of its name."""

from __future__ import annotations

from gatling.schema.words import split_words

# What sources call a format, and our name for it; a format that is not here is kept as stated.
_STATED = {
    "date-time": "datetime",
    "google-datetime": "datetime",
    "google-duration": "duration",
    "google-fieldmask": "fieldmask",
    "uri": "url",
    "uri-reference": "url",
    "binary": "byte",
}
_NUMERIC = frozenset("int32 int64 uint32 uint64 float double decimal".split())
# The last word of a name, and the format of text that such a name holds.
_EVIDENT = {
    "email": "email", "emails": "email", "recipient": "email", "recipients": "email", "cc": "email", "bcc": "email",
    "url": "url", "uri": "url", "link": "url", "urls": "url",
    "date": "date", "datetime": "datetime", "timestamp": "datetime",
    "path": "path", "filename": "path", "directory": "path",
    "phone": "phone", "currency": "currency", "uuid": "uuid", "iban": "iban",
}  # fmt: skip


def format_of(name: str, type: str, stated: str = "") -> str:
    """Return the format of a parameter; empty where nothing is known.

    `messageId` is a `message.id`; so are the items of `messageIds`. A bare `id` is an `id`.
    """
    if stated and stated not in _NUMERIC:
        return _STATED.get(stated, stated)
    if type not in ("string", "array"):
        return ""
    words = split_words(name)
    if not words:
        return ""
    if words[-1] in ("id", "ids"):
        return ".".join([" ".join(words[:-1]), "id"]).lstrip(".")
    if words[-1] == "number" and words[:-1][-1:] == ["phone"]:
        return "phone"
    if words[-1] == "time" and words[0] in ("start", "end", "begin"):
        return "datetime"
    return _EVIDENT.get(words[-1], "")
