"""`gatling policy`: the flags of its commands. What each does stands in `policy_lint.py`, `policy_test.py`, ..."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from gatling.cli.flags import MaybePath, MaybeShare, MaybeText, by_commas, check_counts, check_one_stdin
from gatling.errors import ConfigError

SourceFlag = Literal["auto", "data", "ini", "sudoers", "robots", "codeowners", "iptables", "text"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyInit:
    """Write a first policy from tools, traces or conversations.

    It denies by default and says in a comment why each line stands there. From traces and conversations (what was labelled a
    violation is left out) it grants what was called, to the roles that called it, with limits from the arguments that were seen,
    and allows all that it was made from. From tools alone it grants what only reads; what acts stands there as comments.

      gatling policy init --from tools.json --output policy.yaml
      gatling policy init --from runs.jsonl --from tools.json --output policy.yaml
      gatling policy init --from "python server.py" --output policy.yaml
    """

    sources: Annotated[tuple[str, ...], tyro.conf.arg(name="from"), tyro.conf.UseAppendAction] = ()
    """A catalogue (an MCP server's tools/list, an OpenAPI document, an own one), traces, recorded conversations, or the command
    of an MCP server, which is started and asked for its tools. May be given several times."""
    role: MaybeText = None
    """Whom to grant it to, where the source does not say."""
    output: MaybePath = None
    """Write the policy here. Default: print it."""
    json: bool = False
    """Print what was seen and what became of it as JSON."""

    def run(self) -> int:
        """Draft the policy, write it; return the exit status."""
        from gatling.cli.policy_init import run_init

        if not self.sources:
            raise ConfigError(
                "gatling policy init needs --from: tools, traces, conversations or an MCP server's command"
            )
        return run_init(self.sources, role=self.role, output=self.output, as_json=self.json)


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyPacks:
    """List the policies that are ready to copy, or copy one with its tests.

    A pack is a policy of one kind of tools and traces that it must allow or deny. Copy it, put your names and limits, and run
    `gatling policy test` on both.

      gatling policy packs
      gatling policy packs mail --output policies
    """

    name: Annotated[MaybeText, tyro.conf.Positional] = None
    """The pack to copy. Default: list them all."""
    output: Path = Path()
    """The folder to copy it to: NAME.yaml and NAME.tests.jsonl. Files that are there are kept."""
    json: bool = False
    """Print the list, or what was written, as JSON."""

    def run(self) -> int:
        """List the packs, or copy one; return the exit status."""
        from gatling.cli.policy_packs import copy_pack, list_packs

        if self.name is None:
            if self.output != Path():
                raise ConfigError("--output is for copying a pack: gatling policy packs NAME --output DIR")
            return list_packs(as_json=self.json)
        return copy_pack(self.name, self.output, as_json=self.json)


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyConvert:
    """Turn what people write into the native format, line by line.

    JSON, YAML, INI, Markdown, sentences and lists are read, and each line is shown beside what became of it. It grants nothing
    that no line grants; what is not understood becomes an item of `review`, which leaves open the calls that it may be about.
    Exit status 0 if all was understood, else 4.

      gatling policy convert rules.md --tools tools.json --output policy.yaml
      gatling policy convert rules.md --tools tools.json --output policy.yaml --interactive
    """

    file: Annotated[Path, tyro.conf.Positional]
    """What people wrote, in any form. - reads stdin."""
    output: MaybePath = None
    """Write the policy here. Default: print it, and what became of each line on stderr."""
    source_kind: Annotated[SourceFlag, tyro.conf.arg(name="from")] = "auto"
    """What the file is written in; data is JSON or YAML, text Markdown and sentences. auto tells by its form."""
    tools: MaybePath = None
    """A catalogue, or a list of names of tools, by which words such as "may read mail" are matched to tools."""
    comments: Literal["items", "notes"] = "items"
    """notes: the comments of this document are no rules, and leave nothing open. items: they are read as what they may forbid."""
    interactive: bool = False
    """Ask about each item that is to decide, and write the answer in its place. Answers are read from stdin."""
    json: bool = False
    """Print everything as JSON."""

    def run(self) -> int:
        """Convert the policy, write it; return the exit status."""
        from gatling.cli.flags import STDIN
        from gatling.cli.policy_convert import run_convert

        check_one_stdin(FILE=self.file, tools=self.tools)
        if self.interactive and STDIN in (self.file, self.tools):
            raise ConfigError("--interactive reads its answers from stdin, so FILE and --tools must be files")
        if self.interactive and self.json:
            raise ConfigError("--interactive is for people, and --json for programs; give one of them")
        return run_convert(
            self.file,
            output=self.output,
            kind=self.source_kind,
            tools=self.tools,
            as_json=self.json,
            is_interactive=self.interactive,
            comments=self.comments,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyLint:
    """Find what is wrong in a policy, or has no effect.

    Lists what is not of the format, contradictions, rules that never match and rules that another one makes idle, each with its
    line. Exit status 0 if there is no error, 3 if there is one (with --strict: or a warning).

      gatling policy lint policy.yaml --catalog tools.json
      gatling policy lint policies/*.yaml --sarif > lint.sarif
    """

    files: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """The policies, JSON, YAML or Cedar. - reads stdin."""
    catalog: MaybeText = None
    """Catalogues, by commas: builtin, agentdojo, files, ... Also report tools and parameters that they do not have."""
    strict: bool = False
    """Let warnings fail too."""
    lenient: bool = False
    """Take policies that are not of the native format; what is not read of them is a note."""
    json: bool = False
    """Print the findings as JSON: an object, or of several files a list."""
    sarif: bool = False
    """Print the findings as SARIF 2.1.0, as code hosts and editors read them."""

    def run(self) -> int:
        """Print the findings; return the exit status."""
        from gatling.cli.flags import STDIN
        from gatling.cli.policy_lint import run_lint

        if not self.files:
            raise ConfigError("gatling policy lint needs FILE, the policy")
        if self.files.count(STDIN) > 1:
            raise ConfigError("FILE names - twice, standard input can be read only once")
        if self.json and self.sarif:
            raise ConfigError("--json and --sarif are both given, the output can be one of them")
        return run_lint(
            self.files,
            catalog=None if self.catalog is None else by_commas(self.catalog),
            form="sarif" if self.sarif else "json" if self.json else "text",
            strict=self.strict,
            lenient=self.lenient,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyTest:
    """Attack a policy, and find what is missing in it.

    Compliant plans are attacked, and it is reported which attacks the rules kill, which only the learned part catches, and which
    survive, with examples and what would stop them. Exit status 0, or 3 below --fail-under.

      gatling policy test policy.yaml --catalog tools.json
      gatling policy test mail.yaml --traces mail.tests.jsonl
    """

    file: Annotated[Path, tyro.conf.Positional]
    """The policy, JSON or YAML. - reads stdin."""
    catalog: MaybeText = None
    """Catalogues, by commas: builtin, agentdojo, files, ...: what is known of the tools. Default: builtin."""
    traces: MaybePath = None
    """Attack the compliant plans of this trace file, or folder, under the policy, and say which of its labels the policy does not
    keep. Default: plans made from the policy."""
    role: MaybeText = None
    """Only this role. Default: every role that the policy defines."""
    model: MaybePath = None
    """A checkpoint (.pt) or a model folder that judges what the rules let pass."""
    per_mutation: int = 20
    """Mutants of each mutation, at most, for a role and the tools of a plan."""
    seed: int = 0
    """Seeds everything."""
    examples: int = 3
    """Survivors to print for each mutation, at most."""
    fail_under: MaybeShare = None
    """Exit with 3 if the mutation score, killed / all, is below this, from 0 to 1."""
    check_labels: bool = False
    """Exit with 3 if --traces labels a trace as compliant that the policy denies, or as a violation that no rule denies."""
    lenient: bool = False
    """Take a policy that is not of the native format."""
    json: bool = False
    """Print everything as JSON."""

    def run(self) -> int:
        """Attack, print; return the exit status."""
        from gatling.cli.policy_test import run_policy_test

        check_one_stdin(FILE=self.file, traces=self.traces)
        return run_policy_test(
            self.file,
            catalog=None if self.catalog is None else by_commas(self.catalog),
            as_json=self.json,
            traces=self.traces,
            role=self.role,
            model=self.model,
            per_mutation=self.per_mutation,
            seed=self.seed,
            examples=self.examples,
            fail_under=self.fail_under,
            check_labels=self.check_labels,
            lenient=self.lenient,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyDiff:
    """Find the calls on which two policies disagree.

    Calls are made for every tool and role whose rules differ, at the bounds of these rules and by the Corrupter, and both
    policies judge them. What B allows and A does not is widened, the other way round is narrowed; each is shown with a call.
    Exit status 0 if no verdict differs, 1 if one does.

      gatling policy diff old.yaml new.yaml
      gatling policy diff old.yaml new.yaml --traces runs.jsonl --json
    """

    a: Annotated[Path, tyro.conf.Positional]
    """The policy as it was. - reads stdin."""
    b: Annotated[Path, tyro.conf.Positional]
    """The policy as it is to be. - reads stdin."""
    catalog: MaybeText = None
    """Catalogues, by commas: builtin, agentdojo, files, ...: what is known of the tools. Default: builtin."""
    traces: MaybePath = None
    """Also judge the calls of this trace file, or folder, under both."""
    role: MaybeText = None
    """Only this role. Default: every role that one of them defines, and somebody whom neither names."""
    examples: int = 20
    """Differences to print of each direction, at most; all are counted, and --json has them all."""
    seed: int = 0
    """Seeds the calls that are made."""
    lenient: bool = False
    """Take policies that are not of the native format."""
    json: bool = False
    """Print everything as JSON."""

    def run(self) -> int:
        """Compare, print; return 1 if a verdict differs."""
        from gatling.cli.policy_diff import run_diff

        check_one_stdin(A=self.a, B=self.b, traces=self.traces)
        check_counts(examples=self.examples)
        return run_diff(
            self.a,
            self.b,
            catalog=None if self.catalog is None else by_commas(self.catalog),
            traces=self.traces,
            role=self.role,
            examples=self.examples,
            seed=self.seed,
            lenient=self.lenient,
            as_json=self.json,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyTable:
    """Show who may do what, within which limits.

    A row a tool, a column a role. `yes` needs nothing more, `if ..` names what must hold, `no` is forbidden by a rule, `-` is
    granted by none, and `?` is left open by prose or an item of review.

      gatling policy table policy.yaml
      gatling policy table policy.yaml --form html --output policy.html
    """

    file: Annotated[Path, tyro.conf.Positional]
    """The policy, JSON or YAML. - reads stdin."""
    form: Literal["text", "html", "csv", "json"] = "text"
    """text for a terminal, html for a browser (one file that needs no other), csv for a spreadsheet, json for a program."""
    catalog: MaybeText = None
    """Catalogues, by commas, whose tools get a row too. Default: the tools that the policy names."""
    output: MaybePath = None
    """Write it here. Default: print it."""
    lenient: bool = False
    """Take a policy that is not of the native format."""

    def run(self) -> int:
        """Print or write the table; return the exit status."""
        from gatling.cli.policy_table import run_table

        return run_table(
            self.file,
            form=self.form,
            catalog=[] if self.catalog is None else by_commas(self.catalog),
            output=self.output,
            lenient=self.lenient,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyMap:
    """Show which policies are alike, and how a log lies to them.

    Policies are placed by the latents of the shipped encoders. Shown are the nearest of each with what differs, the tools that
    a policy does not speak of though most of its neighbours grant them, and with --traces the requests that no allowed plan is
    near to, and whether traffic has drifted. What the oracle can check it checks.

      gatling policy map policies/*.yaml --output map.html
      gatling policy map policy.yaml --traces runs.jsonl --json
    """

    files: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """The policies, JSON or YAML. With --traces the log is judged by the first."""
    traces: MaybePath = None
    """A log: a trace file or folder, oldest first."""
    nearest: int = 3
    """Neighbours of each policy, at most."""
    catalog: MaybeText = None
    """Catalogues, by commas: builtin, agentdojo, files, ...: what is known of the tools. Default: builtin."""
    output: MaybePath = None
    """Write the picture here, one HTML file."""
    lenient: bool = False
    """Take policies that are not of the native format."""
    json: bool = False
    """Print everything as JSON."""

    def run(self) -> int:
        """Map the policies, print; return the exit status."""
        from gatling.cli.policy_map import run_map

        check_counts(nearest=self.nearest)
        return run_map(
            self.files,
            traces=self.traces,
            nearest=self.nearest,
            catalog=None if self.catalog is None else by_commas(self.catalog),
            output=self.output,
            lenient=self.lenient,
            as_json=self.json,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicySchema:
    """Print the JSON Schema of a policy, for editors.

    With --format of a policy that names the formats of other systems too.

      gatling policy schema > gatling-policy.json
    """

    format: str = ""
    """Formats of other systems that the policy names, by commas: cedar, iam, oauth."""

    def run(self) -> int:
        """Print the schema. Raises: ConfigError for an unknown format."""
        from gatling.cli.documents import print_json
        from gatling.policy import FORMATS, native_schema

        names = by_commas(self.format)
        for name in names:
            if name not in FORMATS:
                raise ConfigError(f"--format is {name!r}, it must be some of {', '.join(FORMATS)}")
        print_json(native_schema(names))
        return 0
