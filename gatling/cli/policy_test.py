"""`gatling policy test`: attacks on a policy, and the exit status that the score gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from gatling.attack import CallPool
from gatling.cli.console import counted
from gatling.cli.documents import print_json, read_policy, trace_sources
from gatling.cli.policy_report import print_report
from gatling.cli.progress import Progress
from gatling.errors import ConfigError, InputError, MissingExtraError
from gatling.policy import Oracle, recognise
from gatling.policy.dialects.cedar import is_installed
from gatling.policytest import PolicyReport, SeedMaker, Seeds, ask_model, attack, seeds_of_traces
from gatling.policytest.seeds import PLAIN_ROLE
from gatling.schema import Trace, read_traces
from gatling.tools import load_catalog

if TYPE_CHECKING:
    from gatling.policy import PolicySource
    from gatling.policytest.attack import Energies

EXIT_BELOW = 3
MAX_PER_MUTATION = 1_000


def run_policy_test(
    file: Path,
    *,
    catalog: Sequence[str] | None = None,
    as_json: bool = False,
    traces: Path | None = None,
    role: str | None = None,
    model: Path | None = None,
    per_mutation: int = 20,
    seed: int = 0,
    examples: int = 3,
    fail_under: float | None = None,
    check_labels: bool = False,
    lenient: bool = False,
) -> int:
    """Attack, print; return 3 if the score is below `fail_under`, or a label is not kept that must be, else 0.

    Args:
        file: the policy.
        catalog: what is known of the tools; None for the built-in catalogue.
        as_json: print everything as JSON.
        traces: attack the compliant plans of these; None for plans made from the policy.
        role: only this role; None for every role that the policy defines.
        model: what judges what the rules let pass; None for the bundled model, if there is one.
        per_mutation: mutants of each mutation, at most, for a role and the tools of a plan.
        seed: seeds everything.
        examples: survivors to print for each mutation, at most.
        fail_under: the least mutation score.
        check_labels: the policy must deny what `traces` label as violations, and nothing that they label compliant.
        lenient: take a policy that is not of the native format.
    """
    if role is not None and traces is not None:
        raise ConfigError("--role is for plans made from the policy; with --traces the traces say the roles")
    if check_labels and traces is None:
        raise ConfigError("--check-labels is about the labels of --traces")
    if not 1 <= per_mutation <= MAX_PER_MUTATION:
        raise ConfigError(f"--per-mutation is {per_mutation}, it must be from 1 to {MAX_PER_MUTATION}")
    if examples < 0:
        raise ConfigError(f"--examples is {examples}, it must be at least 0")
    if fail_under is not None and not 0 <= fail_under <= 1:
        raise ConfigError(f"--fail-under is {fail_under}, it must be from 0 to 1")
    source = read_policy(file)
    rules = recognise(source, strict=not lenient)
    if rules.cedar and not is_installed():
        raise MissingExtraError("testing Cedar policies", "cedar")
    oracle = Oracle(rules)
    specs = load_catalog(["builtin"] if catalog is None else catalog)
    if traces is not None:
        seeds = _seeds_of(traces, file, source, oracle)
    else:
        seeds = _made_seeds(role, file, SeedMaker(source.data, oracle, specs, seed))
    energies = _energies(model)
    with Progress("attacking", unit="plans", total=len(seeds.traces)) as progress:
        pool = CallPool(specs)
        mutants = attack(seeds.traces, oracle, pool, per_mutation=per_mutation, seed=seed, progress=progress.advance)
    if not mutants:
        raise InputError("no mutation applies to the compliant plans", file=str(file))
    threshold = None
    if energies is not None:
        total = len(seeds.traces) + sum(m.verdict == "survived" for m in mutants)
        with Progress("asking the model", unit="plans", total=total) as progress:
            mutants, threshold = ask_model(seeds.traces, mutants, energies, progress=progress.advance)
    report = PolicyReport(seeds, mutants, threshold, oracle)
    if as_json:
        print_json({"file": str(file), **report.to_dict()})
    else:
        print_report(str(file), report, examples=examples)
    is_below = fail_under is not None and report.score < fail_under
    return EXIT_BELOW if is_below or (check_labels and (seeds.denied or seeds.passed)) else 0


def _seeds_of(traces: Path, file: Path, source: PolicySource, oracle: Oracle) -> Seeds:
    """Return the compliant plans of these traces. Raises: InputError if there are none."""
    with Progress("judging gold traces", unit="traces") as progress:
        seeds = seeds_of_traces(source.data, oracle, _counted(traces, progress))
    if not seeds.traces:
        count = f"it denies all {len(seeds.denied)}" if seeds.denied else "there are none"
        raise InputError(f"no compliant plan of {traces} to attack: {count}", file=str(file))
    return seeds


def _made_seeds(role: str | None, file: Path, maker: SeedMaker) -> Seeds:
    """Return plans made from the policy. Raises: ConfigError for a role that it does not define; InputError if there are none."""
    roles: Sequence[str] = maker.roles or (PLAIN_ROLE,)
    if role is not None:
        if maker.roles and not maker.knows(role):
            raise ConfigError(f"--role is {role!r}, the policy defines {', '.join(maker.roles)}")
        roles = (role,)
    with Progress("making compliant plans", unit="roles", total=len(roles)) as progress:
        seeds = maker.make(roles, progress=progress.advance)
    if not seeds.traces and not seeds.dropped:
        raise InputError(f"nothing to attack: no rule that is read grants a call to {', '.join(roles)}", file=str(file))
    if not seeds.traces:
        first = seeds.dropped[0]
        raise InputError(
            f"nothing to attack: no compliant call could be made of {counted(len(seeds.dropped), 'tool')}, the first is "
            f"{first.tool}: {first.reason}; --traces FILE attacks your own plans",
            file=str(file),
        )
    return seeds


def _counted(path: Path, progress: Progress) -> Iterator[Trace]:
    for trace in chain.from_iterable(read_traces(source) for source in trace_sources(path)):
        yield trace
        progress.advance(1)


def _energies(path: Path | None) -> Energies | None:
    """Return what computes latent energies: with the model asked for, else the bundled one; None if there is neither."""
    from gatling.cli.model import announce_model
    from gatling.runtime import RuntimeEncoders
    from gatling.runtime.folder import has_pretrained

    if path is None and not has_pretrained():
        return None
    if path is None or path.is_dir():
        encoders = RuntimeEncoders.from_folder(path)
    else:
        from gatling.encoders import DualEncoder  # torch: only for a checkpoint

        encoders = DualEncoder.from_pretrained(path, precision="fp32").runtime()
    announce_model(path)
    return lambda traces: [float(e) for e in encoders.energy(traces)]
