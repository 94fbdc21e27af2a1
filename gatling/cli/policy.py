"""`gatling policy`: the flags of `lint`, `test`, `schema` and `convert`, and which of them goes with which."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from gatling.cli.flags import MaybePath, by_commas, check_one_stdin, flag
from gatling.errors import ConfigError

CONVERT_FLAGS = ("output", "source_kind", "tools")
TEST_FLAGS = ("traces", "role", "model", "per_mutation", "seed", "examples", "fail_under")


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Look at a policy with the eyes of the oracle (lint), or of an attacker (test).

    `gatling policy lint FILE` lists what is not of the format, contradictions, rules that never match and rules that another
    one makes idle, each with its line. Exit status 0 if there is no error, 3 if there is one (with --strict: or a warning).

    `gatling policy test FILE` attacks compliant plans and reports which attacks the rules kill, which only the learned part
    catches, and which survive, with examples and what would stop them. Exit status 0, or 3 below --fail-under.

    `gatling policy schema` prints the JSON Schema of the native format, for editors; with --format of another one beside it.

    `gatling policy convert FILE` turns what people write (JSON, YAML, INI, Markdown, sentences, lists) into the native format and
    says line by line what became of it. It grants nothing that no line grants. Exit status 0 if all was understood, else 4.
    """

    what: Annotated[Literal["lint", "test", "schema", "convert"], tyro.conf.Positional]
    """lint: find what is wrong or idle. test: find what is missing. schema: print what a policy may hold. convert: write it
    in the native format."""
    file: Annotated[MaybePath, tyro.conf.Positional] = None
    """The policy, JSON or YAML; convert: in any form. - reads stdin."""
    catalog: str | None = None
    """Catalogues, by commas: builtin, agentdojo, files, ... lint: also report tools that they do not have. test: what is known of
    the tools (default: builtin)."""
    json: bool = False
    """Print everything as JSON."""
    strict: bool = False
    """lint: let warnings fail too."""
    lenient: bool = False
    """lint, test: take a policy that is not of the native format; what is not read of it is a note."""
    output: Path | None = None
    """convert: write the policy here. Default: print it, and what became of each line on stderr."""
    source_kind: Annotated[
        Literal["auto", "data", "ini", "sudoers", "robots", "codeowners", "iptables", "text"] | None,
        tyro.conf.arg(name="from"),
    ] = None
    """convert: what the file is written in; data is JSON or YAML, text Markdown and sentences. Default: auto, by its form."""
    tools: Path | None = None
    """convert: a catalogue, or a list of names of tools, by which words such as "may read mail" are matched to tools."""
    format: str | None = None
    """schema: formats of other systems that the policy names too, by commas: cedar, iam, oauth."""
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
        """Run one of them; return the exit status. Raises: ConfigError for a flag of another."""
        given = {name: value for name in TEST_FLAGS if (value := getattr(self, name)) is not None}
        if self.what == "convert":
            return self._convert(given)
        for name in CONVERT_FLAGS:
            if getattr(self, name) is not None:
                shown = "--from" if name == "source_kind" else flag(name)
                raise ConfigError(
                    f"{shown} is a flag of `gatling policy convert`, `gatling policy {self.what}` does not take it"
                )
        catalog = None if self.catalog is None else by_commas(self.catalog)
        if self.what == "schema":
            return self._schema(given)
        if self.file is None:
            raise ConfigError(f"gatling policy {self.what} needs FILE, the policy")
        if self.format is not None:
            raise ConfigError(
                f"--format is a flag of `gatling policy schema`, `gatling policy {self.what}` does not take it"
            )
        if self.what == "lint":
            from gatling.cli.policy_lint import run_lint

            for name in given:
                raise ConfigError(
                    f"{flag(name)} is a flag of `gatling policy test`, `gatling policy lint` does not take it"
                )
            return run_lint(self.file, catalog=catalog, as_json=self.json, strict=self.strict, lenient=self.lenient)
        from gatling.cli.policy_test import run_policy_test

        if self.strict:
            raise ConfigError("--strict is a flag of `gatling policy lint`, `gatling policy test` does not take it")
        check_one_stdin(FILE=self.file, traces=self.traces)
        return run_policy_test(self.file, catalog=catalog, as_json=self.json, lenient=self.lenient, **given)

    def _convert(self, given: dict[str, Any]) -> int:
        """Convert a policy. Raises: ConfigError without a file, or for a flag of the others."""
        from gatling.cli.policy_convert import run_convert

        if self.file is None:
            raise ConfigError("gatling policy convert needs FILE, the policy")
        for name in (*given, *(n for n in ("catalog", "strict", "lenient", "format") if getattr(self, n))):
            raise ConfigError(f"{flag(name)} is no flag of `gatling policy convert`")
        check_one_stdin(FILE=self.file, tools=self.tools)
        return run_convert(
            self.file, output=self.output, kind=self.source_kind or "auto", tools=self.tools, as_json=self.json
        )

    def _schema(self, given: dict[str, Any]) -> int:
        """Print the schema of policies. Raises: ConfigError for what goes with a policy, or an unknown format."""
        from gatling.cli.documents import print_json
        from gatling.policy import FORMATS, native_schema

        other = [*given, *(name for name in ("catalog", "json", "strict", "lenient") if getattr(self, name))]
        if other or self.file is not None:
            what = flag(other[0]) if other else str(self.file)
            raise ConfigError(
                f"{what} belongs to `gatling policy lint` or `test`, `gatling policy schema` does not take it"
            )
        names = by_commas(self.format or "")
        for name in names:
            if name not in FORMATS:
                raise ConfigError(f"--format is {name!r}, it must be some of {', '.join(FORMATS)}")
        print_json(native_schema(names))
        return 0
