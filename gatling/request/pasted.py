"""What a user says himself, and what he pastes: a mail, a page, code, a bill.

| mark | read as | ends |
| --- | --- | --- |
| lines that start with `>` | text of somebody else | with the last of them |
| `Forwarded message`, `On .. wrote:`, the head of a mail | somebody else's | with the message |
| `<email>`, `<document>`, .. | somebody else's | at the last end tag of that name |
| "Here is the mail: ..", "the page below.", "What does this say?" (`announced.py`) | somebody else's | with the message |
| fences, triple quotes, a paragraph in quotes, other tags | data | at the last such mark |

- Who writes a text chooses what stands in it, end tags and fences too: so the last mark ends it, and what has no end goes on to
  the end of the message. Of two fences, what stands between them is taken for pasted.
- A part that the user's own words beside it hand over to wholly ("do what it says: ..") is said by the user.
- `<task>`, `<instructions>` and their like hold the user's own words; inline markup and `inline code` are his, too.

One pass over the text for each mark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatling.request.handover import HandOver
from gatling.request.knowing import without_questions
from gatling.request.others_texts import CANONICAL, CANONICAL_DATA, GREETS
from gatling.request.request import Request

if TYPE_CHECKING:
    from gatling.request.pasted_marks import Region

_QUOTE_MARK = re.compile(r"^[ \t]{0,8}(?:>[ \t]?)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pasted:
    """A text in a message that the user has not said himself."""

    text: str
    """Without the marks around it."""
    is_foreign: bool
    """Whether it bears the marks of what somebody else wrote; else it may be the user's own data."""


# Every mark has one of these characters, or speaks of forwarding, or greets behind a sentence; most first requests have neither.
_UNMARKED = re.compile(r"[^:\uff1a<>\[\]\"'\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb`~|\u2502=*#\n\r_-]*")
_FORWARDING = re.compile(rf"forwarded|original|weitergeleitet|urspr|{GREETS}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """A text of a user, split."""

    own: str
    """What he says himself, and what he hands over to wholly."""
    pasted: tuple[Pasted, ...]
    closed: str
    """The whole message, so that further ones may be written behind it: what was pasted there ends there."""
    start: str
    """What he says before the first pasted text."""


def split_message(text: str) -> Message:
    """Split what stands in messages of the user."""
    if _UNMARKED.fullmatch(text) and not _FORWARDING.search(text):
        return Message(text, (), text, text)
    from gatling.request.pasted_marks import user_regions  # its patterns take time to load

    regions = user_regions(text)
    if not regions:
        return Message(text, (), text, text)
    between = _between_regions(text, regions)
    own, pasted, ended = [between[0]], [], [between[0]]
    for i, region in enumerate(regions):
        inner = text[region.inner_start : region.inner_end]
        if _is_followed(between[i], between[i + 1]):
            own.append(text[region.start : region.end])
        else:
            pasted.append(Pasted(_QUOTE_MARK.sub("", inner).strip(), region.is_foreign))
            own.append("\n")
        own.append(between[i + 1])
        tag = CANONICAL if region.is_foreign else CANONICAL_DATA
        ended += [f"\n<{tag}>\n{inner.strip().replace('</pasted-', '</ pasted-')}\n</{tag}>\n", between[i + 1]]
    said = "".join(own).strip() if pasted else text
    return Message(said, tuple(p for p in pasted if p.text), "".join(ended), between[0])


def announces_more(text: str) -> bool:
    """Tell whether a message ends with words that announce a text: whatever stood behind it would be that text."""
    from gatling.request.pasted_marks import user_regions

    return any(region.end > len(text) for region in user_regions(f"{text}\n\n{'word ' * 8}"))


def ended(closed: str) -> str:
    """Return a message as it stands before a further one, see `Message.closed`: what it announces does not begin there."""
    return f"{closed}\n<{CANONICAL_DATA}>\n</{CANONICAL_DATA}>\n" if announces_more(closed) else closed


def as_pasted(text: str) -> str:
    """Return a text as a message in which all of it is pasted."""
    return f"<{CANONICAL}>\n{text.replace('</pasted-', '</ pasted-')}\n</{CANONICAL}>"


def split_prompt(text: str) -> tuple[str, tuple[str, ...]]:
    """Return what a system prompt says, and the documents in it: whoever deploys the agent wrote the one and not the other."""
    from gatling.request.pasted_marks import prompt_regions

    regions = prompt_regions(text)
    pasted = (text[r.inner_start : r.inner_end].strip() for r in regions)
    return "\n".join(_between_regions(text, regions)), tuple(p for p in pasted if p)


def _between_regions(text: str, regions: list[Region]) -> list[str]:
    ends = [0, *(r.end for r in regions)]
    starts = [*(r.start for r in regions), len(text)]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]


def hands_over_to_earlier(start: str) -> bool:
    """Tell whether a message starts by handing over wholly to what was pasted last in the messages before it."""
    return _is_followed("", start)


def _is_followed(before: str, after: str) -> bool:
    """Tell whether what the user says right before or after a pasted part hands over to it wholly."""
    last = before.rstrip()
    last = last[last.rfind("\n\n") + 1 :]
    told = (without_questions(said) for said in (last, after))
    return any(HandOver(Request(said)).follows == 1.0 for said in told if said.strip())
