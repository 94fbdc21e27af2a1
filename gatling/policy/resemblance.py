"""Rules about tools whose names a call's name only resembles: `mcp__fs__delete_file` and `de1ete_file` where `delete_file` is
forbidden, and `remove_file`, unless that is granted by its name. `Clause.names` says what a rule is about; what is found here it
may be about, so it leaves the call open at most.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gatling.policy.clauses import Clause, ClauseKind
from gatling.policy.globs import expression, matches
from gatling.schema.budget import checked
from gatling.tools.lookalikes import deletion, forms, is_slip, pattern_skeleton, slips, starts

MAX_NAMES = 4_000
"""Of so many names slips of the pen are known."""
GROUP = 64
_MIN_FIXED = 3
"""Letters that a pattern must have to be compared with what only looks like it."""
_MAX_KEPT = 4_096


class ResemblingRules:
    """Answers which rules of a policy may be about a tool that they do not name."""

    def __init__(self, clauses: Iterable[Clause]) -> None:
        self._by_name: dict[str, list[tuple[int, Clause]]] = {}
        self._by_ending: dict[str, list[tuple[int, Clause]]] = {}
        self._patterns: list[tuple[str, int, Clause]] = []
        self._kept: dict[str, tuple[Clause, ...]] = {}
        self._by_deletion: dict[str, list[tuple[int, Clause]]] = {}
        clauses = tuple(clauses)
        self._granted = {
            name for c in clauses if c.kind is ClauseKind.ALLOW and not c.is_complement for name in c.tools
        }
        names: dict[str, str] = {}
        for i, clause in enumerate(checked(clauses)):
            if clause.kind is ClauseKind.ALLOW or clause.dialect != "native" or clause.is_complement:
                continue
            for name in clause.tools:
                if "*" in name or "?" in name:
                    folded = pattern_skeleton(name)
                    if len(re.sub(r"[*?]", "", folded)) >= _MIN_FIXED:
                        self._patterns.append((folded, i, clause))
                    continue
                first, *others = forms(name) or ("",)
                self._by_name.setdefault(first, []).append((i, clause))
                for form in others:
                    self._by_ending.setdefault(form, []).append((i, clause))
                if form := deletion(name):
                    self._by_deletion.setdefault(form, []).append((i, clause))
                names.setdefault(first, name)
        self._by_slip: dict[str, list[tuple[str, str]]] = {}
        for first, name in names.items() if len(names) <= MAX_NAMES else ():
            for slip in slips(first):
                self._by_slip.setdefault(slip, []).append((first, name))
        self._groups = [
            _joined(pattern for pattern, _, _ in self._patterns[i : i + GROUP])
            for i in checked(range(0, len(self._patterns), GROUP))
        ]

    def about(self, tool: str) -> tuple[Clause, ...]:
        """Return the rules that may be about a tool and do not name it, in the policy's order."""
        known = self._kept.get(tool)
        if known is None:
            found = {i: clause for i, clause in self._resembling(tool) if not clause.names(tool)}
            known = tuple(found[i] for i in sorted(found))
            if len(self._kept) < _MAX_KEPT:
                self._kept[tool] = known
        return known

    def _resembling(self, tool: str) -> Iterable[tuple[int, Clause]]:
        own = forms(tool)
        names = dict.fromkeys(own)
        for form in own if self._by_slip else ():
            near = {pair for slip in slips(form) for pair in self._by_slip.get(slip, ())}
            names |= dict.fromkeys(first for first, name in sorted(near) if is_slip(tool, name))
        for form in (*names, *starts(tool)):
            yield from self._by_name.get(form, ())
        if (
            self._by_deletion and tool not in self._granted
        ):  # another word for deleting the same; who grants it by name means it
            yield from self._by_deletion.get(deletion(tool), ())
        for form in own[:1]:  # the rule names it below a name space
            yield from self._by_ending.get(form, ())
        for at, group in enumerate(checked(self._groups)):
            if any(group(form) for form in own):
                for pattern, i, clause in self._patterns[at * GROUP : (at + 1) * GROUP]:
                    if any(matches(pattern, form) for form in own):
                        yield i, clause


def _joined(patterns: Iterable[str]) -> Callable[[str], re.Match[str] | None]:
    return re.compile("|".join(dict.fromkeys(map(expression, patterns)))).match
