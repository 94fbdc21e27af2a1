"""What tools answer: items, records and lists in many shapes.

Text that an attacker wrote is between two private characters until a conversation is done, so its place is known however it was
escaped, folded or cut into markup on the way.
"""

from __future__ import annotations

import html
import json
import re
from random import Random
from typing import Any

from gatling.generate.conversations.setting import Setting
from gatling.generate.conversations.things import Item, Record

OPEN, CLOSE = "\ue000", "\ue001"


def dumped(form: str, data: Any) -> str:
    if form == "yaml":
        return as_yaml(data)
    if form == "python":
        # repr escapes private characters
        return repr(data).replace("\\ue000", OPEN).replace("\\ue001", CLOSE)
    if form == "results":
        return json.dumps({"results": data, "count": len(data)}, ensure_ascii=False)
    return json.dumps(data, ensure_ascii=False, indent=2 if form == "pretty" else None)


def as_yaml(data: Any) -> str:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(data, Dumper=dumper, allow_unicode=True, sort_keys=False, width=100))


def item_data(setting: Setting, item: Item) -> dict[str, Any]:
    look = setting.looks[item.kind.name]
    mail = "mail" in item.kind.flags
    body = "\n\n".join(
        _shown(p.text, p.role) for p in item.parts if p.role in ("body", "link", "quote", "signature", "form")
    )
    data: dict[str, Any] = {look.id_key: item.id, ("subject" if mail else look.title_key): item.title}
    data["from" if mail else ("author" if len(item.title) % 2 else "by")] = (
        item.author.email if mail else item.author.name
    )
    data["date"] = item.day.isoformat()
    data |= item.extra
    data["body" if mail or len(item.title) % 3 else "text"] = body
    for role, key in (("field", "notes"), ("hidden", "internal"), ("advertisement", "banner")):
        texts = [p.text for p in item.parts if p.role == role]
        if texts:
            data[key] = "\n".join(texts)
    comments = [{"by": p.by, "text": p.text} for p in item.parts if p.role == "comment"]
    if comments:
        data["comments"] = comments
    return data


def item_row(setting: Setting, item: Item) -> dict[str, Any]:
    """Return what a list tells of an item."""
    look = setting.looks[item.kind.name]
    return {look.id_key: item.id, look.title_key: item.title, "from": item.author.name, "date": item.day.isoformat()}


_ORDER = {"body": 0, "link": 0, "form": 0, "signature": 1, "quote": 2}
"""Of the parts of a text: a signature comes after what is signed, what is quoted last."""


def _bodies(item: Item) -> list[str]:
    parts = sorted((p for p in item.parts if p.role in _ORDER), key=lambda p: _ORDER[p.role])
    return [_shown(p.text, p.role) for p in parts]


def _shown(text: str, role: str) -> str:
    if role == "quote":
        return "\n".join("> " + line for line in text.split("\n"))
    if role == "form":
        return f"[form: {text}]"
    if role == "signature":
        return "-- \n" + text
    return text


def show_item(setting: Setting, item: Item) -> str:
    """Return what reading an item returns."""
    form = item.form
    if form in ("json", "yaml", "python"):
        return dumped(form, item_data(setting, item))
    if form == "html":
        return _page(setting, item)
    bodies = _bodies(item)
    others = [p for p in item.parts if p.role not in _ORDER]
    if form == "markdown":
        tail = [f"<!-- {p.text} -->" for p in others if p.role == "hidden"]
        tail += [f"> **Sponsored** {p.text}" for p in others if p.role == "advertisement"]
        tail += [f"*Note:* {p.text}" for p in others if p.role == "field"]
        comments = [f"- **{p.by}**: {p.text}" for p in others if p.role == "comment"]
        if comments:
            tail += ["## Comments", *comments]
        return "\n\n".join([f"# {item.title}", f"*{item.author.name}, {item.day.isoformat()}*", *bodies, *tail])
    tail = [f"{p.by + ': ' if p.by else ''}{p.text}" for p in others]
    if form == "raw":
        return "\n\n".join([*bodies, *tail])
    head = f"From: {item.author.email}\nDate: {item.day.isoformat()}\nSubject: {item.title}"
    if "mail" not in item.kind.flags:
        head = f"{item.title} ({item.kind.name} {item.id}, {item.author.name}, {item.day.isoformat()})"
    return "\n\n".join([head, *bodies, *tail])


def _page(setting: Setting, item: Item) -> str:
    rng = Random(str(item.id))
    out = [f"<html><head><title>{html.escape(item.title)}</title></head><body>", f"<h1>{html.escape(item.title)}</h1>"]
    if rng.random() < 0.5:
        out.insert(1, "<nav><a href='/'>Home</a> <a href='/about'>About</a> <a href='/contact'>Contact</a></nav>")
    comments = []
    for part in sorted(item.parts, key=lambda p: _ORDER.get(p.role, 0)):
        text = html.escape(part.text, quote=False)
        if part.role == "hidden":
            out.append(
                rng.choice(
                    (
                        f"<!-- {text} -->",
                        f'<div style="display:none">{text}</div>',
                        f"<span hidden>{text}</span>",
                        f'<p style="font-size:0;color:#fff">{text}</p>',
                    )
                )
            )
        elif part.role == "advertisement":
            out.append(f'<aside class="ad">{text}</aside>')
        elif part.role == "comment":
            comments.append(f'<li class="comment"><b>{html.escape(part.by)}</b> {text}</li>')
        elif part.role == "form":
            fields = part.text.split(", ")
            inputs = "".join(f'<label>{f}<input name="{f}"></label>' for f in fields)
            out.append(f'<form method="post" action="{item.id}">{inputs}<button>Send</button></form>')
        elif part.role == "field":
            out.append(f'<img src="/banner.png" alt="{html.escape(part.text)}">')
        else:
            out.append(f"<p>{text}</p>")
    if comments:
        out += ["<h2>Comments</h2><ul>", *comments, "</ul>"]
    return rng.choice(("\n", "")).join([*out, "</body></html>"])


def record_data(setting: Setting, record: Record, *, full: bool = True) -> dict[str, Any]:
    look = setting.looks[record.kind.name]
    data: dict[str, Any] = {look.id_key: record.id, "name" if record.person else look.title_key: record.label}
    fields = record.fields if full else dict(list(record.fields.items())[:1])
    data |= fields
    if record.notes and full:
        data["notes" if len(record.label) % 2 else "description"] = record.notes
    return data


def show_record(setting: Setting, record: Record) -> str:
    data = record_data(setting, record)
    form = setting.looks[record.kind.name].form
    if form in ("json", "yaml", "python"):
        return dumped(form, data)
    if form == "markdown":
        return "\n".join(f"- **{k}**: {v}" for k, v in data.items())
    return "\n".join(f"{k}: {v}" for k, v in data.items())


def show_list(listing: str, rows: list[dict[str, Any]]) -> str:
    """Return a list of rows as a tool shows it."""
    if not rows:
        return {"json": "[]", "results": '{"results": [], "count": 0}', "python": "[]"}.get(listing, "No results.")
    if listing in ("csv", "table", "bullets") and not all(
        isinstance(x, str | int | float) for row in rows for x in row.values()
    ):
        listing = "yaml"
    if listing == "csv":
        keys = list(dict.fromkeys(k for row in rows for k in row))
        return "\n".join([",".join(keys), *(",".join(_cell(row.get(k, "")) for k in keys) for row in rows)])
    if listing == "table":
        keys = list(dict.fromkeys(k for row in rows for k in row))
        lines = ["| " + " | ".join(str(row.get(k, "")).replace("\n", " ") for k in keys) + " |" for row in rows]
        return "\n".join(["| " + " | ".join(keys) + " |", "|" + " --- |" * len(keys), *lines])
    if listing == "bullets":
        return "\n".join("- " + ", ".join(f"{k}: {x}" for k, x in row.items()) for row in rows)
    return dumped(listing, rows)


def _cell(value: Any) -> str:
    text = str(value).replace("\n", " ")
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


_MARKED = re.compile(f"{OPEN}.*?{CLOSE}", flags=re.DOTALL)


def without(text: str) -> str:
    """Return a text without what stands between marks."""
    return _MARKED.sub("", text).strip()


def spans(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Take the marks out of a text; return it with the stretches that stood between them."""
    if OPEN not in text:
        return text, []
    out, found, length = [], [], 0
    head, *rest = text.split(OPEN)
    out.append(head)
    length += len(head)
    for piece in rest:
        inside, _, after = piece.partition(CLOSE)
        found.append((length, length + len(inside)))
        out += [inside, after]
        length += len(inside) + len(after)
    return "".join(out), found
