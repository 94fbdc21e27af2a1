"""Policies that are ready to copy, each of one kind of tools, with traces that it must allow and deny.

A pack is two files in `assets/packs`: `NAME.yaml`, whose first comment says in a sentence what it is, and `NAME.tests.jsonl`,
traces whose labels `gatling policy test NAME.yaml --traces NAME.tests.jsonl --check-labels` holds the policy to. A new one is two
files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gatling.errors import ConfigError
from gatling.policy.native.hints import did_you_mean

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "packs"
TESTS = ".tests.jsonl"


@dataclass(frozen=True, slots=True)
class Pack:
    name: str
    policy: Path
    tests: Path
    summary: str
    """What it allows, in a sentence."""


def packs() -> list[Pack]:
    """Return all packs, by name."""
    return [
        Pack(path.stem, path, path.with_name(path.stem + TESTS), _summary(path))
        for path in sorted(FOLDER.glob("*.yaml"))
    ]


def pack(name: str) -> Pack:
    """Return one pack. Raises: ConfigError if there is none of this name."""
    known = {one.name: one for one in packs()}
    if name not in known:
        raise ConfigError(f"there is no pack {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}")
    return known[name]


def _summary(path: Path) -> str:
    """Return the sentence after the name in the first comment, which ends where the comment's sentence does."""
    comment: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        comment.append(line.removeprefix("#").strip())
    text = " ".join(comment).partition(": ")[2]
    return text.partition(". ")[0].rstrip(".")
