"""How the log is kept: lines that are chained by keyed digests, in numbered files, and a sealed head that says where they end.

    audit/
      000001.jsonl   {"previous": "00..", "seq": 1, .., "mac": "8c.."}     one entry a line
      000002.jsonl                                                         the next file, when one is full
      head           which entry is the last, where the first one is, sealed
      lock           held while somebody writes
      key            32 bytes in hex, unless it is kept elsewhere

- Each entry holds the digest of the one before, and all digests are keyed (HMAC-SHA256): without the key nobody can change, take
  out, add or reorder a line and mend what follows.
- The head tells where the chain ends, so that lines cut off at the end are missed, too. It is one block, written in place.
- An older state of the whole folder, put back with its head, is a valid log: who fears that keeps `gatling log head` elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatling.errors import GatlingError, InputError
from gatling.schema.machine import locked
from gatling.schema.plain import canonical_json

HEAD_BYTES = 512
START = "0" * 64
"""What the first entry has for the digest of the one before."""
MAX_LINE_BYTES = 1_000_000
_SEGMENT = re.compile(r"(\d{6,})\.jsonl")
_LOOKS, _LOOK_S = 200, 0.01


class LogError(GatlingError):
    """The log cannot be written, or is not what was written."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log begins and ends."""

    seq: int = 0
    """Of the last entry; entries count from 1."""
    mac: str = START
    """Of the last entry."""
    segment: int = 1
    """The number of the file that it is in."""
    size: int = 0
    """Bytes of that file."""
    first_segment: int = 1
    """The oldest file that was not thrown away."""
    first_seq: int = 1
    first_previous: str = START

    def block(self, key: LogKey) -> bytes:
        """Return the block as it is written."""
        data = {name: getattr(self, name) for name in self.__slots__}
        line = canonical_json({**data, "seal": key.mac("head", data)}).encode()
        return line.ljust(HEAD_BYTES - 1) + b"\n"

    @classmethod
    def parse(cls, block: bytes, key: LogKey, name: str = "head") -> Head:
        """Read the block. Raises: LogError if it is not what was written with this key."""
        try:
            data = json.loads(block)
            del data["seal"]
            head = cls(**data)
            is_sealed = head.block(key) == block
        except (ValueError, TypeError, KeyError, AttributeError):
            is_sealed = False
        if not is_sealed:
            raise LogError(f"{name} is not sealed with this key: it was changed, or the key is another")
        return head


def read_head(folder: Path, key: LogKey) -> Head:
    """Read the head of a log, not in the middle of somebody's writing.

    Raises:
        FileNotFoundError: if there is none.
        LogError: if it is not what was written.
    """
    with ExitStack() as stack:
        with suppress(OSError):  # a copy of a log may have no lock, or none that this user may hold
            stream = stack.enter_context((folder / "lock").open("r+b"))
            stack.enter_context(locked(stream.fileno()))
        return Head.parse((folder / "head").read_bytes(), key, str(folder / "head"))


class LogKey:
    """The key of a log.

    Args:
        secret: at least 16 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise InputError(f"the log's key has {len(secret)} bytes, wanted at least 16")
        self.secret = secret
        self._chain = hmac.new(secret, b"gatling chain", hashlib.sha256).digest()

    def mac(self, what: str, data: dict[str, Any]) -> str:
        """Return the keyed digest of an entry or a head."""
        return self.mac_of(what, canonical_json(data))

    def mac_of(self, what: str, text: str) -> str:
        """The same of the JSON text of one."""
        return hmac.digest(self._chain, f"{what}\n{text}".encode(), "sha256").hex()

    @classmethod
    def read(cls, path: Path) -> LogKey:
        """Read a key from a file, as hex. Raises: InputError."""
        try:
            return cls(bytes.fromhex(path.read_text(encoding="ascii").strip()))
        except OSError as error:
            raise InputError(f"the log's key cannot be read: {error.strerror or error}", file=str(path)) from None
        except ValueError:
            raise InputError("no key: wanted the hex of at least 16 bytes", file=str(path)) from None

    @classmethod
    def read_or_make(cls, path: Path) -> LogKey:
        """Read a key, or make one that only this user may read. Raises: InputError, OSError."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            for _ in range(_LOOKS):  # of processes that begin together, the first one may be just writing it
                if path.stat().st_size:
                    break
                time.sleep(_LOOK_S)
            return cls.read(path)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32) + "\n")
        return cls.read(path)


def segment_name(number: int) -> str:
    return f"{number:06d}.jsonl"


def segments(folder: Path) -> list[int]:
    """Return the numbers of the files of a log, in order."""
    return sorted(int(found[1]) for path in folder.iterdir() if (found := _SEGMENT.fullmatch(path.name)))


def line_of(entry: dict[str, Any], seq: int, previous: str, key: LogKey) -> tuple[bytes, str]:
    """Return the line of an entry, and its digest."""
    text = canonical_json({**entry, "seq": seq, "previous": previous})
    mac = key.mac_of("entry", text)
    return f'{text[:-1]},"mac":"{mac}"}}\n'.encode(), mac


def entry_of(line: bytes, seq: int, previous: str, key: LogKey) -> dict[str, Any]:
    """Read a line as the entry with this number. Raises: LogError, with the reason, if it is not what was written."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        raise LogError("the line is no JSON") from None
    if not isinstance(entry, dict) or not isinstance(entry.get("seq"), int):
        raise LogError("the line is no entry of a log")
    mac = entry.pop("mac", None)
    try:
        again, true_mac = line_of(
            {k: v for k, v in entry.items() if k not in ("seq", "previous")},
            entry["seq"],
            entry.get("previous", ""),
            key,
        )
    except (ValueError, TypeError):
        raise LogError("the line is no entry of a log") from None
    if mac != true_mac or again != line:
        raise LogError(f"entry {entry['seq']} was changed, or the key is another")
    if entry["seq"] != seq:
        raise LogError(
            f"entry {entry['seq']} stands where entry {seq} should be: lines were removed, added or reordered"
        )
    if entry["previous"] != previous:
        raise LogError(f"entry {seq} does not follow the one before it")
    return {**entry, "mac": mac}
