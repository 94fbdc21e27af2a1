"""A page on a log in one file: verdicts over time, reasons, tools, latency, what people decided. No script, no outside asset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from gatling.guard.log.chain import LogKey
from gatling.guard.log.verify import Verification, verify
from gatling.page import document, text

VERDICTS = ("allow", "escalate", "deny")
_MAX_ROWS = 30
_MAX_APPROVALS = 200
_MAX_NAMES = 10_000
"""Tools and clauses that are told apart; a model may invent any number of names."""
_BUCKETS = 48
_BOUNDS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)


@dataclass(slots=True)
class Summary:
    """What the page shows."""

    verification: Verification | None = None
    num_decisions: int = 0
    num_sessions: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By minute and verdict."""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By code and clause."""
    tools: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By tool and verdict."""
    latencies: Counter[int] = field(default_factory=Counter)
    """By upper bound, in milliseconds; 0 for above all."""
    policies: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    approvals: list[dict[str, Any]] = field(default_factory=list)
    num_approvals: int = 0
    sessions: set[str] = field(default_factory=set)

    def add(self, entry: dict[str, Any]) -> None:
        """Count an entry."""
        if entry.get("event") != "decision":
            return
        verdict = entry["verdict"]
        self.num_decisions += 1
        self.verdicts[verdict] += 1
        self.modes[entry["mode"]] += 1
        self.times[entry["time"][:16], verdict] += 1
        self.sessions.add(entry["session"])
        self.tools[_bounded(self.tools, entry["tool"], verdict)] += 1
        for code, clause in {(r["code"], r["clause"] or "") for r in entry["reasons"]}:
            self.reasons[_bounded(self.reasons, code, clause)] += 1
        self.latencies[next((bound for bound in _BOUNDS_MS if entry["latency_ms"] <= bound), 0)] += 1
        self.policies[entry["policy"]] += 1
        self.models[entry["model"]] += 1
        if entry["approval"] is not None:
            self.num_approvals += 1
            self.approvals.append(entry)
            del self.approvals[:-_MAX_APPROVALS]


def _bounded(counter: Counter[tuple[str, str]], first: str, second: str) -> tuple[str, str]:
    name = (first, second)
    return name if name in counter or len(counter) < _MAX_NAMES else ("others", "")


def summarise(folder: str | Path, key: LogKey | None = None) -> Summary:
    """Read a log and count; what is wrong with it stands on the page. Raises: InputError, as `verify`."""
    summary = Summary()
    summary.verification = verify(folder, key, each=summary.add)
    summary.num_sessions = len(summary.sessions)
    return summary


def page_of(summary: Summary, title: str) -> str:
    """Return the page."""
    parts = [
        f"<h1>{text(title)}</h1>",
        _state(summary),
        "<h2>Verdicts over time</h2>",
        _over_time(summary),
        "<h2>Reasons</h2>",
        _table(
            ("reason", "clause", "decisions"),
            [(code, clause, count) for (code, clause), count in summary.reasons.most_common(_MAX_ROWS)],
        ),
        "<h2>Tools</h2>",
        _tools(summary),
        "<h2>Latency</h2>",
        _latency(summary),
        "<h2>What people decided</h2>",
        _approvals(summary),
        "<h2>Judged by</h2>",
        _table(
            ("what", "digest", "decisions"),
            [
                (what, digest or "none could be asked", count)
                for what, counts in (("policy", summary.policies), ("model", summary.models))
                for digest, count in counts.most_common(_MAX_ROWS)
            ],
        ),
    ]
    return "".join(document(title, ["\n".join(parts)], style=_STYLE))


def _state(summary: Summary) -> str:
    counts = ", ".join(f"{summary.verdicts[v]} {v}" for v in VERDICTS)
    modes = ", ".join(f"{n} in mode {text(mode)}" for mode, n in summary.modes.most_common() if mode != "enforce")
    lines = [
        f"<p>{summary.num_decisions} decisions in {summary.num_sessions} sessions: {counts}{'; ' + modes if modes else ''}.</p>"
    ]
    found = summary.verification
    if found is not None:
        if found.is_sound:
            lines.append(
                f'<p class="good">The log is what was written: entries {found.first_seq} to {found.last_seq}.</p>'
            )
        else:
            items = "".join(f"<li>{text(problem)}</li>" for problem in found.problems)
            lines.append(f'<div class="bad"><p>The log is not what was written:</p><ul>{items}</ul></div>')
    return "\n".join(lines)


def _over_time(summary: Summary) -> str:
    minutes = sorted({minute for minute, _ in summary.times})
    if not minutes:
        return "<p>No decision.</p>"
    start, end = (datetime.fromisoformat(m).timestamp() for m in (minutes[0], minutes[-1]))
    width_s = max(60.0, (end - start + 60) / _BUCKETS)
    num = int((end - start) // width_s) + 1
    bars: list[Counter[str]] = [Counter() for _ in range(num)]
    for (minute, verdict), count in summary.times.items():
        bars[int((datetime.fromisoformat(minute).timestamp() - start) // width_s)][verdict] += count
    highest = max(sum(bar.values()) for bar in bars)
    wide, high = 960 / num, 160
    drawn = []
    for i, bar in enumerate(bars):
        top = float(high)
        for verdict in VERDICTS:
            tall = high * bar[verdict] / highest
            top -= tall
            if tall:
                drawn.append(
                    f'<rect x="{i * wide:.1f}" y="{top:.1f}" width="{max(wide - 1, 1):.1f}" height="{tall:.1f}" '
                    f'class="{verdict}"><title>{bar[verdict]} {verdict}</title></rect>'
                )
    legend = " ".join(f'<span class="{v}">&#9632; {v}</span>' for v in VERDICTS)
    return (
        f'<svg viewBox="0 0 960 {high}" role="img" aria-label="verdicts over time">{"".join(drawn)}</svg>'
        f"<p>{text(minutes[0])} to {text(minutes[-1])} UTC, at most {highest} in a bar. {legend}</p>"
    )


def _tools(summary: Summary) -> str:
    totals: Counter[str] = Counter()
    for (tool, _), count in summary.tools.items():
        totals[tool] += count
    rows = [(tool, count, *(summary.tools[tool, v] for v in VERDICTS)) for tool, count in totals.most_common(_MAX_ROWS)]
    return _table(("tool", "calls", *VERDICTS), rows)


def _latency(summary: Summary) -> str:
    rows, done = [], 0
    for bound in (*_BOUNDS_MS, 0):
        count = summary.latencies[bound]
        done += count
        if count:
            share = 100 * done / summary.num_decisions
            rows.append((f"at most {bound} ms" if bound else f"above {_BOUNDS_MS[-1]} ms", count, f"{share:.1f} %"))
    return _table(("judging took", "decisions", "so fast or faster"), rows)


def _approvals(summary: Summary) -> str:
    rows = [
        (e["time"], e["approval"]["by"], "let pass" if e["verdict"] == "allow" else "refused", e["tool"], e["session"])
        for e in reversed(summary.approvals)
    ]
    more = summary.num_approvals - len(rows)
    note = f"<p>{more} older ones are left out.</p>" if more > 0 else ""
    return _table(("when", "who", "what", "tool", "session"), rows) + note


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return "<p>None.</p>"
    head = "".join(f"<th>{text(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td{_align(cell)}>{text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _align(cell: object) -> str:
    return ' class="n"' if isinstance(cell, int) else ""


_STYLE = """
body { max-width: 60rem; }
table { width: 100%; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #8884; }
td { overflow-wrap: anywhere; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; background: #8881; }
.allow { color: #3f8a50; fill: #3f8a50; } .escalate { color: #b97a1a; fill: #b97a1a; } .deny { color: #cf4a41; fill: #cf4a41; }
.good { color: #3f8a50; } .bad { border-left: 4px solid #cf4a41; padding-left: 1rem; }
"""
