"""`gatling policy`: the flags of `lint` and of `test`, and which of them goes with which."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from gatling.cli.flags import by_commas, check_one_stdin, flag
from gatling.errors import ConfigError

TEST_FLAGS = ("traces", "role", "model", "per_mutation", "seed", "examples", "fail_under")


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Look at a policy with the eyes of the oracle (lint), or of an attacker (test).

    `gatling policy lint FILE` lists what no explicit rule reads, contradictions, rules that never match and rules that another
    one makes idle, each with its line. Exit status 0 if there is no error, 3 if there is one (with --strict: or a warning).

    `gatling policy test FILE` attacks compliant plans and reports which attacks the rules kill, which only the learned part
    catches, and which survive, with examples and what would stop them. Exit status 0, or 3 below --fail-under.
    """

    what: Annotated[Literal["lint", "test"], tyro.conf.Positional]
    """lint: find what is wrong or idle. test: find what is missing."""
    file: Annotated[Path, tyro.conf.Positional]
    """The policy, JSON or YAML. - reads stdin."""
    catalog: str | None = None
    """Catalogues, by commas: builtin, agentdojo, files, ... lint: also report tools that they do not have. test: what is known of
    the tools (default: builtin)."""
    json: bool = False
    """Print everything as JSON."""
    strict: bool = False
    """lint: let warnings fail too."""
    traces: Path | None = None
    """test: attack the compliant plans of this trace file, or folder, under the policy. Default: plans made from the policy."""
    role: str | None = None
    """test: only this role. Default: every role that the policy defines."""
    model: Path | None = None
    """test: a checkpoint (.pt) or a model folder that judges what the rules let pass."""
    per_mutation: int | None = None
    """test: mutants of each mutation, at most, for a role and the tools of a plan. Default: 20."""
    seed: int | None = None
    """test: seeds everything. Default: 0."""
    examples: int | None = None
    """test: survivors to print for each mutation, at most. Default: 3."""
    fail_under: float | None = None
    """test: exit with 3 if the mutation score, killed / all, is below this, from 0 to 1."""

    def run(self) -> int:
        """Run one of the two; return the exit status. Raises: ConfigError for a flag of the other."""
        given = {name: value for name in TEST_FLAGS if (value := getattr(self, name)) is not None}
        catalog = None if self.catalog is None else by_commas(self.catalog)
        if self.what == "lint":
            from gatling.cli.policy_lint import run_lint

            for name in given:
                raise ConfigError(
                    f"{flag(name)} is a flag of `gatling policy test`, `gatling policy lint` does not take it"
                )
            return run_lint(self.file, catalog=catalog, as_json=self.json, strict=self.strict)
        from gatling.cli.policy_test import run_policy_test

        if self.strict:
            raise ConfigError("--strict is a flag of `gatling policy lint`, `gatling policy test` does not take it")
        check_one_stdin(FILE=self.file, traces=self.traces)
        return run_policy_test(self.file, catalog=catalog, as_json=self.json, **given)
