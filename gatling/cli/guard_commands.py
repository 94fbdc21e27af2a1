"""The commands of the guard: train and calibrate its critics, audit, repair and explain plans."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainEnergy:
    """Train the critics that turn a plan into energies: hierarchy, provenance, scope, flow, the latent term, their weights.

    Reads traces whose violations name the nodes to blame (`violating_nodes`), and attacks their compliant plans besides. Each
    suite is left out once: the weights are fitted and the lines found on scores of suites that were not seen. Writes a
    model folder that `gatling audit` takes: the encoders, critics.json and calibration.json. Half an hour on two cores.
    """

    dataset: tuple[Path, ...]
    """Trace files or folders of them; each counts as one source."""
    output: Path
    """The model folder to write."""
    model: Path | None = None
    """The folder of the encoders, which stay as they are. Default: the model that ships with Gatling."""
    mutations: str = "all"
    """How compliant plans are attacked, by commas; see `gatling corrupt --help`."""
    per_trace: int = 3
    """Mutants of a compliant plan, at most; 0 for none."""
    limit: int = 4_000
    """Traces read of each file, at most."""
    suite_by: str = "meta.suite"
    """What is left out as a whole, one at a time, to fit the weights and find the lines; a trace without it goes by its file."""
    max_false_alarms: float = 0.01
    """Probability that a compliant plan of a new context is denied, at most."""
    max_escalations: float = 0.05
    """Probability that it is denied or escalated, at most."""
    security_margin: float = 0.5
    """Least energy of a mutant above its gold plan, before calibration."""
    networks: int = 5
    """Networks of the hierarchy critic, averaged into one."""
    steps: int = 2_000
    """Training steps of each."""
    hidden: int = 6
    """Hidden units of each, a multiple of 3."""
    seed: int = 0
    """Seeds everything."""
    json: bool = False
    """Print the figures as JSON."""

    def run(self) -> int:
        from gatling.cli.energy import run_train_energy

        return run_train_energy(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibrate:
    """Find the lines between allow, escalate and deny for your own traces, and store them with the model.

    Of compliant plans one counts for each context, its worst. A plan of a new context like these is denied with a probability
    of at most --max-false-alarms (split conformal prediction). Prints what is caught of the violations, and of mutants made
    from the compliant plans, with exact intervals, and how far stated probabilities are off.
    """

    dataset: tuple[Path, ...]
    """Trace files or folders of them."""
    model: Path
    """The model folder; its calibration.json is replaced."""
    output: Path | None = None
    """Write calibration.json into this folder instead."""
    max_false_alarms: float = 0.01
    """Probability that a compliant plan of a new context is denied, at most."""
    max_escalations: float = 0.05
    """Probability that it is denied or escalated, at most."""
    mutations: str = "all"
    """Mutations to measure against, by commas."""
    per_trace: int = 1
    """Mutants of a compliant plan, at most; 0 for none."""
    limit: int = 20_000
    """Traces read of each file, at most."""
    report_dir: Path | None = None
    """Also draw the picture here: calibration.png."""
    seed: int = 0
    """Seeds the mutants."""
    json: bool = False
    """Print the figures as JSON."""

    def run(self) -> int:
        from gatling.cli.energy import run_calibrate

        return run_calibrate(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    plan: Annotated[Path, tyro.conf.Positional]
    """The plan: JSON with nodes and edges. Or a whole trace, whose context is taken where no flag gives one."""
    policy: Path | None = None
    """The policy, JSON or YAML; reasons then name its lines."""
    role: str | None = None
    """The user's role."""
    session: Path | None = None
    """The session, a JSON object; `user_request` in it is what was asked."""
    request: str | None = None
    """What was asked, in place of the session's `user_request`."""
    model: Path | None = None
    """A model folder with critics.json. Default: the model that ships with Gatling."""
    deadline_ms: float = 2_000.0
    """Deny what is not decided by then, model already loaded."""
    json: bool = False
    """Print the decision as JSON: codes and bands, as logs and agents see it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit(_Plan):
    """Judge a plan against a policy, a role and a request.

    Exit status: 0 allow, 3 deny, 4 escalate (somebody should look), 2 bad input, 1 the guard could not do its work.
    """

    def run(self) -> int:
        from gatling.cli.audit import run_audit

        return run_audit(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Repair(_Plan):
    """Judge a plan, and where it is not allowed search for the nearest one that is.

    Edits narrow a limit, redirect to a named destination, take a weaker tool, drop an argument, or remove a call; none widens
    what the plan may do, and no value is invented. The result has passed the full audit. Exit status as for `gatling audit`,
    but 0 also where a repair was found.
    """

    output: Path | None = None
    """Write the repaired plan here as JSON; nothing is written if there is none."""
    repair_ms: float = 500.0
    """How long to search."""

    def run(self) -> int:
        from gatling.cli.audit import run_repair

        return run_repair(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Explain(_Plan):
    """Show what every critic made of every call: energies on the common scale (1.0 is the alarm line), and what they rest on.

    For people who look into a model; logs and agents never see energies. Exit status as for `gatling audit`.
    """

    def run(self) -> int:
        from gatling.cli.audit import run_explain

        return run_explain(self)
