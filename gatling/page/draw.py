"""A conversation as a timeline: each call with its verdict and why, its values by where they first stood, and the passages.

Links are plain anchors and nothing is a script, so nothing that was read can be one either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from html import escape

from gatling.page.document import document, plain, text
from gatling.page.style import MAX_PASSAGES, STYLE
from gatling.page.timeline import Call, Conversation, Kind, Output, Passage, Said, Value

MAX_VALUES = 60
"""Of a call that are shown, the worst first if there are more."""
MAX_CHARS = 2_000
"""Of a value or a message that are shown."""
MAX_WAITING_VALUES = 500
MAX_WAITING_CHARS = 20_000
"""The same of a call that waits. One that is larger cannot be approved here: nobody has seen all of it."""
MAX_REASONS = 12
MAX_OUTPUT = 40
"""Passages of an output that are shown, beside those that a call can have come from."""
MAX_ENTRIES = 20_000
"""Of a conversation that are drawn; the earliest are left out."""

_KINDS: dict[Kind, tuple[str, str, str]] = {
    "request": ("&#9670;", "request", "stands in the request, or in the developer's prompt"),
    "first_party": ("&#9632;", "first-party", "stands in the output of a tool whose text is trusted"),
    "attested": (
        "&#9650;",
        "attested",
        "stands in a field that the service filled in, of a record that anybody can make",
    ),
    "outsiders": ("&#9679;", "outsiders", "stands only in text that anybody can have written"),
    "nobody": ("&#9675;", "nobody said it", "stands nowhere in what was read: the model wrote it"),
    "none": ("&#8211;", "not traced", "yes, no or nothing; or so short that it would stand in any text"),
}
_WORST: tuple[Kind, ...] = ("outsiders", "nobody", "attested", "first_party", "none", "request")
_VERDICTS = {
    "allow": ("&#10003;", "allowed"),
    "escalate": ("?", "for a person to decide"),
    "deny": ("&#10007;", "denied"),
}
_WHO = {"user": "User", "assistant": "Assistant", "system": "Developer's prompt"}


@dataclass(frozen=True, slots=True)
class Forms:
    """Where a page sends a person's word, and what proves that it came from this page."""

    action: str
    """The path to which the id of the call is appended."""
    token: str
    by: str
    """Who reads the page, and speaks then."""


def conversation_page(
    title: str,
    conversations: Iterable[Conversation],
    *,
    forms: Forms | None = None,
    most: int = MAX_ENTRIES,
    back: str = "",
) -> Iterator[str]:
    """Yield a page on conversations in pieces; one of them is in memory at a time.

    Args:
        forms: where calls that wait can be approved; by default the page says how to do it on the command line.
        most: entries of a conversation that are drawn; the earliest are left out.
        back: the path of the page that led here.
    """
    body = _body(title, conversations, forms, most, back)
    return document(title, body, style=STYLE, has_forms=forms is not None)


def _body(
    title: str, conversations: Iterable[Conversation], forms: Forms | None, most: int, back: str
) -> Iterator[str]:
    if back:
        yield f'<p><a href="{escape(back, quote=True)}">All sessions</a></p>\n'
    yield f"<h1>{text(title)}</h1>\n"
    yield '<details class="legend"><summary>Where a value first stood: '
    yield " ".join(f'<span class="{kind} kind">{sign} {word}</span>' for kind, (sign, word, _) in _KINDS.items())
    yield "</summary><dl>"
    for kind, (sign, word, meaning) in _KINDS.items():
        yield f'<dt class="{kind} kind">{sign} {word}</dt><dd>{meaning}</dd>'
    yield "</dl></details>\n"
    # Beside the conversations, whose look hangs on them: a browser finds what follows at once, and what is inside of all not.
    yield (
        '<input type="radio" name="shown" id="all" checked><label for="all">the whole conversation</label>\n'
        '<input type="radio" name="shown" id="held"><label for="held">only calls that are not allowed</label>\n'
    )
    for number, conversation in enumerate(conversations, start=1):
        yield from _Drawing(f"c{number}", forms, most).conversation(conversation)


class _Drawing:
    """Draws one conversation. Anchors are made of its number and of positions, of nothing that was read."""

    def __init__(self, prefix: str, forms: Forms | None, most: int) -> None:
        self.prefix = prefix
        self.most = most
        self.forms = forms
        self.calls: dict[str, str] = {}
        """Anchor and name of a call, by its node."""
        self.names: dict[str, str] = {}
        self.read: dict[tuple[str | None, str], str] = {}
        """Anchors of the passages that are shown where they were read."""

    def conversation(self, conversation: Conversation) -> Iterator[str]:
        entries = list(conversation.entries)
        calls = [entry for entry in entries if isinstance(entry, Call)]
        for i, call in enumerate(calls):
            self.calls[call.node_id], self.names[call.node_id] = f"{self.prefix}-k{i}", call.tool_name
        wanted = {(passage.node_id, passage.text) for call in calls for passage in call.passages[:MAX_PASSAGES]}
        verdicts = Counter(call.verdict for call in calls)
        num_waiting = sum(bool(call.pending) for call in calls)
        yield f'<section id="{self.prefix}"><h2>{text(conversation.id, 200)} '
        yield f"<small>role {text(conversation.role, 100)}</small></h2>\n"
        yield '<div class="counts">'
        for verdict, (sign, word) in _VERDICTS.items():
            yield f'<span class="verdict {verdict}">{sign} {verdicts[verdict]:,} {word}</span>'  # type: ignore[index]
        yield f"<span>{num_waiting:,} wait for a word</span></div>\n" if num_waiting else "</div>\n"
        if not any(isinstance(e, Said) and e.text == conversation.request for e in entries):
            yield f'<div class="who">Request</div><div class="request"><bdi>{text(conversation.request, MAX_CHARS)}</bdi></div>\n'
        yield '<div class="timeline">\n'
        if len(entries) > self.most:
            yield f'<p class="cut">{len(entries) - self.most:,} earlier entries are left out.</p>\n'
        if conversation.foreign:
            yield from self._output(f"{self.prefix}-f", "Text of outsiders in messages", conversation.foreign, wanted)
        for number, entry in enumerate(entries[-self.most :]):
            if isinstance(entry, Call):
                yield from self._call(entry)
            elif isinstance(entry, Output):
                title = f"{text(entry.node_id, 40)} {text(entry.tool_name, 100)} returned"
                yield from self._output(f"{self.prefix}-o{number}", title, entry.passages, wanted)
            else:
                yield self._said(entry)
        if conversation.fault:
            yield f'<div class="fault">The rest cannot be read: {text(conversation.fault, MAX_CHARS)}</div>\n'
        yield "</div></section>\n"

    def _said(self, said: Said) -> str:
        return (
            f'<div class="said"><span class="who">{_WHO[said.who]}</span>'
            f"<div><bdi>{text(said.text, MAX_CHARS)}</bdi></div></div>\n"
        )

    def _output(
        self, anchor: str, title: str, passages: tuple[Passage, ...], wanted: set[tuple[str | None, str]]
    ) -> Iterator[str]:
        counts = Counter(p.kind for p in passages)
        kinds = ", ".join(
            f"{f'{count:,} ' if len(counts) > 1 else ''}{_KINDS[kind][1]}" for kind, count in counts.items()
        )
        num_hidden = sum(p.is_hidden for p in passages)
        hidden = f', <span class="hidden">{num_hidden:,} hidden</span>' if num_hidden else ""
        count = f"{len(passages):,} passage{'' if len(passages) == 1 else 's'}"
        yield f'<details class="output"><summary>{title} {count}{f" ({kinds})" if kinds else ""}{hidden}</summary><ul>\n'
        left_out = 0
        for i, passage in enumerate(passages):
            key = (passage.node_id, passage.text)
            if i >= MAX_OUTPUT and (key not in wanted or key in self.read):
                left_out += 1
                continue
            self.read.setdefault(key, f"{anchor}-{i}")
            yield f'<li class="{passage.kind}" id="{anchor}-{i}"><bdi>{text(passage.text, MAX_CHARS)}</bdi>'
            yield f"{self._whose(passage)}</li>\n"
        yield f"</ul>{f'<p class=cut>{left_out:,} more passages are not shown.</p>' if left_out else ''}</details>\n"

    # --- a call -------------------------------------------------------------------------------------------------------

    def _call(self, call: Call) -> Iterator[str]:
        anchor = self.calls[call.node_id]
        sign, word = _VERDICTS[call.verdict]
        yield f'<article class="call {call.verdict}" id="{anchor}"><header>'
        yield f'<span class="verdict {call.verdict}">{sign} {word}</span>'
        yield f'<span class="tool">{text(call.tool_name, 200)}</span><a href="#{anchor}">{text(call.node_id, 40)}</a>'
        yield f"<small>{text(call.call_id, 100)}</small>" if call.call_id else ""
        yield "".join(f"<b>{text(note, 200)}</b>" for note in call.notes) + "</header>\n"
        yield from self._reasons(call)
        is_whole = yield from self._values(call, anchor)
        yield from self._passages(call, anchor)
        if call.edits:
            items = "".join(f"<li>{text(edit, MAX_CHARS)}</li>" for edit in call.edits)
            yield f"<p>It would pass with this:</p><ul>{items}</ul>\n"
        if call.pending:
            yield self._word(call.pending, is_whole)
        if call.policy_digest:
            yield f'<div class="foot">judged in {call.latency_ms:.0f} ms by policy {text(call.policy_digest[:12])}</div>'
        yield "</article>\n"

    def _reasons(self, call: Call) -> Iterator[str]:
        if not call.reasons:
            return
        yield '<ul class="why">'
        for reason in call.reasons[:MAX_REASONS]:
            argument = f" <code>{text(reason.argument, 200)}</code>" if reason.argument else ""
            yield f"<li><b>{text(reason.code.replace('_', ' '))}</b>{argument}: <bdi>{text(reason.found, MAX_CHARS)}</bdi>"
            yield f"<br>wanted: <bdi>{text(reason.wanted, MAX_CHARS)}</bdi> "
            yield f"<small>({text(reason.source, 60)}, {reason.band})</small>"
            if reason.clause:
                yield f'<div class="clause">clause <code>{text(reason.clause, 300)}</code>'
                yield f"<pre>{text(reason.clause_text, MAX_CHARS)}</pre>" if reason.clause_text else ""
                yield "</div>"
            yield "</li>\n"
        more = len(call.reasons) - MAX_REASONS
        yield f"<li>and {more:,} more</li></ul>\n" if more > 0 else "</ul>\n"

    def _values(self, call: Call, anchor: str) -> Generator[str, None, bool]:
        """Yield the values; return whether all of them are shown as they are."""
        most, chars = (MAX_WAITING_VALUES, MAX_WAITING_CHARS) if call.pending else (MAX_VALUES, MAX_CHARS)
        values: list[Value] = list(call.values)
        left_out = len(values) - most
        if left_out > 0:
            values = sorted(values, key=lambda value: _WORST.index(value.kind))[:most]
        if not values:
            yield "<p><small>No arguments.</small></p>\n"
            return True
        yield '<div class="values">\n'
        for value in values:
            yield from self._value(value, anchor, chars)
        yield "</div>\n"
        if left_out > 0:
            yield f'<p class="cut">{left_out:,} more values are not shown; these are those of the worst origin.</p>\n'
        return left_out <= 0 and all(len(value.text) <= chars for value in values)

    def _value(self, value: Value, anchor: str, most: int) -> Iterator[str]:
        sign, word, _ = _KINDS[value.kind]
        marks = " ".join(f"k{i}" for i in value.passages if i < MAX_PASSAGES)
        name = f"{text(value.argument, 200)}{' (a key)' if value.is_key else ''}"
        shown = f"<bdi>{text(value.text, most)}</bdi>" if value.text else "<small>(empty)</small>"
        yield f'<span class="name">{name}</span><span class="v {value.kind} {marks}">{shown}</span>'
        yield f'<span class="from {value.kind}"><span class="kind">{sign} {word}</span>'
        for node_id in value.node_ids[:4]:
            yield f" {self._link(node_id)}"
        for i in value.passages[:MAX_PASSAGES]:
            yield f' <a class="k{i}" href="#{anchor}-p{i}">passage {i + 1}</a>'
        if value.looks_like:
            yield f' <span class="looks">letters of it only look like <bdi>{text(value.looks_like, 200)}</bdi></span>'
        yield "</span>\n"

    def _passages(self, call: Call, anchor: str) -> Iterator[str]:
        if not call.passages:
            return
        yield '<div class="passages"><span class="who">Passages that it can have come from</span><ol>\n'
        for i, passage in enumerate(call.passages[:MAX_PASSAGES]):
            yield f'<li class="{passage.kind} k{i}" id="{anchor}-p{i}"><span class="dim">{i + 1}</span> '
            yield f"<bdi>{text(passage.text)}</bdi> "
            yield f"<small>{self._place(passage)}</small>{self._whose(passage)}</li>\n"
        yield "</ol></div>\n"

    def _place(self, passage: Passage) -> str:
        sign, word, _ = _KINDS[passage.kind]
        at = self.read.get((passage.node_id, passage.text), "")
        where = f'<a href="#{at}">in a message</a>' if at else "in a message"
        if passage.node_id is not None:
            where = self._link(passage.node_id, at)
        return f'<span class="{passage.kind} kind">{sign} {word}</span> {where}'

    def _whose(self, passage: Passage) -> str:
        header = "; ".join(f"{text(name, 60)} <bdi>{text(value, 200)}</bdi>" for name, value in passage.header[:4])
        hidden = ' <span class="hidden">hidden from people</span>' if passage.is_hidden else ""
        return f"{f' <small>{header}</small>' if header else ''}{hidden}"

    def _link(self, node_id: str, anchor: str = "") -> str:
        """Return a link to a place in the output of a call, else to the call."""
        name = f"{text(node_id, 40)} {text(self.names.get(node_id, ''), 60)}".strip()
        anchor = anchor or self.calls.get(node_id, "")
        return f'<a href="#{anchor}">{name}</a>' if anchor else name

    def _word(self, pending: str, is_whole: bool) -> str:
        """Return what lets a person say yes or no."""
        known = escape(plain(pending), quote=True)
        if not is_whole:
            return f'<p class="cut">It waits as {known}, and is too large to be shown whole, so it cannot be approved here.</p>\n'
        if self.forms is None:
            return (
                f"<p>It waits: <code>gatling approvals approve {known} --by NAME</code>, or <code>refuse</code>.</p>\n"
            )
        return (
            f'<form class="word" id="w-{known}" method="post" action="{escape(self.forms.action, quote=True)}{known}">'
            f'<input type="hidden" name="csrf" value="{escape(self.forms.token, quote=True)}">'
            '<button class="approve" name="word" value="approve">Approve this call once</button>'
            '<button class="refuse" name="word" value="refuse">Refuse it</button>'
            f"<small>as {text(self.forms.by, 100)}</small></form>\n"
        )
