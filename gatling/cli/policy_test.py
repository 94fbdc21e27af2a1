"""`gatling policy test`: attacks on a policy, as a table and as examples of what survives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from gatling.attack import MUTATIONS, CallPool
from gatling.cli.console import Progress, dump_json, out, print_table
from gatling.errors import ConfigError, InputError, MissingExtraError
from gatling.policy import Oracle, read_policy, recognise
from gatling.policy.dialects.cedar import is_installed
from gatling.policytest import PolicyReport, SeedMaker, Seeds, ask_model, attack, seeds_of_traces
from gatling.policytest.report import Hole
from gatling.policytest.seeds import PLAIN_ROLE
from gatling.schema import Trace, read_traces
from gatling.schema.files import trace_files
from gatling.tools import load_catalog

if TYPE_CHECKING:
    from gatling.cli.commands import Policy
    from gatling.policy import PolicySource
    from gatling.policytest.attack import Energies
    from gatling.tools import ToolSpec

EXIT_BELOW = 3
DEFAULT_PER_MUTATION = 20
MAX_PER_MUTATION = 1_000
DEFAULT_EXAMPLES = 3
_SHOWN_TOOLS = 6


def run_policy_test(command: Policy) -> int:
    """Attack, print; return 3 if the score is below `--fail-under`, else 0."""
    _check(command)
    source = read_policy(command.file)
    rules = recognise(source)
    if rules.cedar and not is_installed():
        raise MissingExtraError("testing Cedar policies", "cedar")
    oracle = Oracle(rules)
    specs = load_catalog([name.strip() for name in (command.catalog or "builtin").split(",") if name.strip()])
    seeds = _seeds(command, source, oracle, specs)
    energies = _energies(command.model)
    with Progress("attacking", unit="plans", total=len(seeds.traces)) as progress:
        mutants = attack(
            seeds.traces,
            oracle,
            CallPool(specs),
            per_mutation=DEFAULT_PER_MUTATION if command.per_mutation is None else command.per_mutation,
            seed=command.seed or 0,
            progress=progress.advance,
        )
    if not mutants:
        raise InputError("no mutation applies to the compliant plans", file=str(command.file))
    threshold = None
    if energies is not None:
        total = len(seeds.traces) + sum(m.verdict == "survived" for m in mutants)
        with Progress("asking the model", unit="plans", total=total) as progress:
            mutants, threshold = ask_model(seeds.traces, mutants, energies, progress=progress.advance)
    report = PolicyReport(seeds, mutants, threshold, oracle)
    if command.json:
        print(dump_json({"file": str(command.file), **report.to_dict()}).decode(), end="")
    else:
        _print(command, report)
    return EXIT_BELOW if command.fail_under is not None and report.score < command.fail_under else 0


def _check(command: Policy) -> None:
    if command.strict:
        raise ConfigError("--strict is a flag of `gatling policy lint`, `gatling policy test` does not take it")
    if command.role is not None and command.traces is not None:
        raise ConfigError("--role is for plans made from the policy; with --traces the traces say the roles")
    if command.per_mutation is not None and not 1 <= command.per_mutation <= MAX_PER_MUTATION:
        raise ConfigError(f"--per-mutation is {command.per_mutation}, it must be from 1 to {MAX_PER_MUTATION}")
    if command.examples is not None and command.examples < 0:
        raise ConfigError(f"--examples is {command.examples}, it must be at least 0")
    if command.fail_under is not None and not 0 <= command.fail_under <= 1:
        raise ConfigError(f"--fail-under is {command.fail_under}, it must be from 0 to 1")


def _seeds(command: Policy, source: PolicySource, oracle: Oracle, specs: Sequence[ToolSpec]) -> Seeds:
    """Return the plans to attack. Raises: ConfigError, InputError if there are none."""
    file = str(command.file)
    if command.traces is not None:
        with Progress("judging gold traces", unit="traces") as progress:
            seeds = seeds_of_traces(source.data, oracle, _counted(command.traces, progress))
        if not seeds.traces:
            count = f"it denies all {seeds.left_out}" if seeds.left_out else "there are none"
            raise InputError(f"no compliant plan of {command.traces} to attack: {count}", file=file)
        return seeds
    maker = SeedMaker(source.data, oracle, specs, command.seed or 0)
    roles: Sequence[str] = maker.roles or (PLAIN_ROLE,)
    if command.role is not None:
        if maker.roles and not maker.knows(command.role):
            raise ConfigError(f"--role is {command.role!r}, the policy defines {', '.join(maker.roles)}")
        roles = (command.role,)
    with Progress("making compliant plans", unit="roles", total=len(roles)) as progress:
        seeds = maker.make(roles, progress=progress.advance)
    if not seeds.traces and not seeds.dropped:
        raise InputError(f"nothing to attack: no rule that is read grants a call to {', '.join(roles)}", file=file)
    if not seeds.traces:
        first = seeds.dropped[0]
        raise InputError(
            f"nothing to attack: no compliant call could be made of {_count(len(seeds.dropped), 'tool')}, the first is "
            f"{first.tool}: {first.reason}; --traces FILE attacks your own plans",
            file=file,
        )
    return seeds


def _counted(path: Path, progress: Progress) -> Iterator[Trace]:
    for trace in chain.from_iterable(read_traces(file) for file in trace_files(path)):
        yield trace
        progress.advance(1)


def _energies(path: Path | None) -> Energies | None:
    """Return what computes latent energies: with the model asked for, else the bundled one; None if there is neither."""
    from gatling.cli.model import announce_model
    from gatling.encoders import DualEncoder  # torch: only where a model is asked
    from gatling.encoders.folder import has_pretrained

    if path is None and not has_pretrained():
        return None
    model = DualEncoder.from_pretrained(path)
    announce_model(path)
    return lambda traces: [float(e) for e in model.energy(traces)]


def _print(command: Policy, report: PolicyReport) -> None:
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
    attacked = f"{_count(len(seeds.traces), 'compliant plan')} of {_count(roles, 'role')}"
    _line(escape(f"{command.file}: {_count(len(report.mutants), 'attack')} on {attacked}"))
    print_table("", columns, rows)
    if idle:
        _line(f"not applicable: {', '.join(idle)}")
    shown = (
        f"mutation score {_percent(report.score)}: {report.count('killed')} of {len(report.mutants)} killed by rules"
    )
    if report.score_with_model is not None:
        shown += f"; with the model {_percent(report.score_with_model)}, energy above {report.threshold:.3f}"
    _line(f"[bold]{shown}[/]")
    if not has_model:
        _line("no model was asked, as none is bundled and --model names none: the learned column is left out")
    if report.undecided:
        _line(
            f"of the survivors {report.undecided} are undecided: a sentence, a request or an unread part of the policy has a say"
        )
    for note in _notes(command, seeds):
        _line(escape(note))
    most = DEFAULT_EXAMPLES if command.examples is None else command.examples
    if most:
        _print_holes(report.holes(), most)


def _notes(command: Policy, seeds: Seeds) -> list[str]:
    notes = []
    if seeds.left_out:
        notes.append(f"{_count(seeds.left_out, 'gold trace')} denied by this policy and left out")
    if seeds.dropped:
        names = list(dict.fromkeys(d.tool for d in seeds.dropped))
        reason = f"{seeds.dropped[0].tool}: {seeds.dropped[0].reason}"
        notes.append(f"no compliant call could be made of {_count(len(names), 'tool')}: {_listed(names)} ({reason})")
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
        _line(f"\n[bold]{name}[/] survives: {escape(mutation.summary)}")
        for hole in own[:most]:
            times = f" [dim]({hole.count} attacks)[/]" if hole.count > 1 else ""
            _line(f"  {escape(hole.change.before)} [bold]->[/] {escape(hole.change.after)}{times}")
            _line(f"    why  {escape(hole.remedy.why)}")
            waits = hole.remedy.needs_request and hole.remedy.rule is not None
            later = " (undecided until the request is known)" if waits else ""
            _line(f"    fix  [green]{escape(hole.remedy.text)}[/]{later}")
        if len(own) > most:
            _line(f"  [dim]and {_count(len(own) - most, 'more place')} (--examples {len(own)} prints all)[/]")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN_TOOLS} more" if len(names) > _SHOWN_TOOLS else ""
    return ", ".join(names[:_SHOWN_TOOLS]) + more


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _percent(share: float) -> str:
    return f"{math.floor(share * 100)} %"


def _line(text: str) -> None:
    out.print(text, highlight=False, soft_wrap=True)
