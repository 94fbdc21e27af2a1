"""The report of `gatling policy test`: a table of mutations, and examples of what survives with what would stop it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.markup import escape

from gatling.attack import MUTATIONS
from gatling.cli.console import counted, print_line, print_table
from gatling.policytest import PolicyReport, Seeds
from gatling.policytest.report import Hole

_SHOWN_TOOLS = 6


def print_report(file: str, report: PolicyReport, *, examples: int) -> None:
    """Print the figures, what they rest on, and up to `examples` survivors of each mutation."""
    seeds, has_model = report.seeds, report.threshold is not None
    rows: list[tuple[str, ...]] = []
    idle = []
    for name in MUTATIONS:
        killed, learned, survived = (report.count(v, name) for v in ("killed", "learned", "survived"))
        total = killed + learned + survived
        if total:
            figures = (killed, learned, survived) if has_model else (killed, survived)
            rows.append((name, *map(str, figures), _percent(killed / total)))
        else:
            idle.append(name)
    columns = ("mutation", "killed", *(("learned",) if has_model else ()), "survived", "score")
    roles = len({t.governance_context.user_role for t in seeds.traces})
    attacked = f"{counted(len(seeds.traces), 'compliant plan')} of {counted(roles, 'role')}"
    print_line(escape(f"{file}: {counted(len(report.mutants), 'attack')} on {attacked}"))
    print_table("", columns, rows)
    if idle:
        print_line(f"not applicable: {', '.join(idle)}")
    shown = (
        f"mutation score {_percent(report.score)}: {report.count('killed')} of {len(report.mutants)} killed by rules"
    )
    if report.score_with_model is not None:
        shown += f"; with the model {_percent(report.score_with_model)}, energy above {report.threshold:.3f}"
    print_line(f"[bold]{shown}[/]")
    if not has_model:
        print_line("no model was asked, as none is bundled and --model names none: the learned column is left out")
    if report.undecided:
        print_line(
            f"of the survivors {report.undecided} are undecided: a sentence, a request or an unread part of the policy has a say"
        )
    for note in _notes(seeds):
        print_line(escape(note))
    if examples:
        _print_holes(report.holes(), examples)


def _notes(seeds: Seeds) -> list[str]:
    notes = []
    if seeds.denied:
        notes.append(
            f"{counted(len(seeds.denied), 'gold trace')} denied by this policy and left out: {_listed(seeds.denied)}"
        )
    if seeds.passed:
        notes.append(f"{counted(len(seeds.passed), 'violation')} that no rule denies: {_listed(seeds.passed)}")
    if seeds.dropped:
        names = list(dict.fromkeys(d.tool for d in seeds.dropped))
        reason = f"{seeds.dropped[0].tool}: {seeds.dropped[0].reason}"
        notes.append(f"no compliant call could be made of {counted(len(names), 'tool')}: {_listed(names)} ({reason})")
    if seeds.unknown:
        notes.append(
            f"nothing is known of the arguments of {_listed(seeds.unknown)}: --catalog FILE describes tools, --traces FILE "
            "shows calls"
        )
    return notes


def _print_holes(holes: Sequence[Hole], most: int) -> None:
    for name, mutation in MUTATIONS.items():
        own = [hole for hole in holes if hole.mutation == name]
        if not own:
            continue
        print_line(f"\n[bold]{name}[/] survives: {escape(mutation.summary)}")
        for hole in own[:most]:
            times = f" [dim]({hole.count} attacks)[/]" if hole.count > 1 else ""
            print_line(f"  {escape(hole.change.before)} [bold]->[/] {escape(hole.change.after)}{times}")
            print_line(f"    why  {escape(hole.remedy.why)}")
            waits = hole.remedy.needs_request and hole.remedy.rule is not None
            later = " (undecided until the request is known)" if waits else ""
            print_line(f"    fix  [green]{escape(hole.remedy.text)}[/]{later}")
        if len(own) > most:
            print_line(f"  [dim]and {counted(len(own) - most, 'more place')} (--examples {len(own)} prints all)[/]")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN_TOOLS} more" if len(names) > _SHOWN_TOOLS else ""
    return ", ".join(names[:_SHOWN_TOOLS]) + more


def _percent(share: float) -> str:
    return f"{math.floor(share * 100)} %"
