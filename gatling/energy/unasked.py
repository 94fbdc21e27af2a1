"""What a call does that nobody asked for, told from its tool, from the programs among its arguments, and from the request alone.

Deterministic, and only tightens: whoever wrote the arguments, whatever had been read, and whatever the critics make of it.

| what | verdict |
| --- | --- |
| a change, after a request that only asks to know (`request.knowing`) | escalate |
| a program that is not understood | escalate, unless the request names what is run |
| a deletion in a program that the request does not ask for, or of what it does not name | escalate |
| ... that destroys much, for good, where the request speaks neither of deleting nor of the thing | deny |
| a program that runs what another machine sends, and the request does not name | deny |
| sending, administering, installing packages in a program, that the request does not ask for | escalate |
| reading keys, passwords and what systems hide, where the request does not speak of such | escalate; deny where they are sent |
| a key or a token, by its form, that leaves and that the request does not state | escalate |
| a reading call that takes out what was read (`facts/leaving.py`) | escalate; deny where only outsiders' text names the place |

A request that hands over to another text ("do what the ticket says") asks for more than to know. Without a request nothing is
known of what was asked: then only what destroys much is doubted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from gatling.energy.critics.flow import leak
from gatling.energy.facts import ContextFacts, NodeFacts, PlanFacts
from gatling.energy.finding import Code, Finding, Source, Verdict
from gatling.policy import ClauseKind, Rulebook
from gatling.policy.globs import matches
from gatling.request.knowing import asks_only_to_know
from gatling.schema.arguments import is_free_text_name
from gatling.schema.budget import checked
from gatling.schema.lazy import cached_property
from gatling.schema.words import split_words, stem
from gatling.tools.derive import effect_of
from gatling.tools.programs import Action, Program, Thing
from gatling.tools.programs.secrets import holds_secret, is_secret_name, is_secret_path

_DELETING = frozenset(
    map(
        stem,
        "delete remove erase trash discard clear clean rid purge drop wipe uninstall destroy prune truncate reset revert "
        "undo empty format kill cancel overwrite terminate cleanup tidy archive free".split(),
    )
)
_RUNNING = frozenset(
    map(stem, "run execute launch start test build compile deploy try invoke benchmark use play install".split())
)
_SENDING = frozenset(
    map(
        stem,
        "send push upload publish post share mail email message forward submit release deploy notify sync report pr pull "
        "comment reply merge open create transfer copy backup webhook call invite".split(),
    )
)
_FORCING = frozenset(map(stem, ("force", "mirror", "overwrite")))
_INSTALLING = frozenset(
    map(stem, "install add setup set upgrade update dependency dependencies package library need require".split())
)
_SECRET_WORDS = frozenset(
    map(
        stem,
        "password passwd secret credential token key keys apikey ssh env environment certificate login otp code pin shadow "
        "history passphrase auth authentication".split(),
    )
)
# What is made anew by the next build.
_MADE_ANEW = re.compile(
    r"(?:\./)?(?:[\w.-]+/){0,4}(?:node_modules|build|dist|target|out|__pycache__|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.tox|\.venv|venv|coverage|htmlcov|"
    r"\.coverage|\.next|\.cache|[\w.-]+\.egg-info|.*\.(?:pyc|pyo|o|tmp|log\.\d+))/?|/tmp/[\w.-]+(?:/[\w.*-]+){0,4}/?"
)
_TEMPORARY = re.compile(r"/(?:var/)?tmp/(?!.*\.\.)[\w./-]+|/dev/(?:null|stdout|stderr)")
_SYSTEM = re.compile(
    r"(?:/(?:etc|boot|usr|bin|sbin|lib|root|dev|proc|sys|Library|System)(?:/.*)?|(?:~|/home/[\w.-]+)/\.[\w.-]+(?:/.*)?|.*authorized_keys)"
)
# Verbs of tools by which agents answer, plan or show: no changes in the world; and those of an agent's own session.
_OF_AGENTS = frozenset(
    "think answer respond todo todos memory scratchpad login authenticate generate make render plot visualize visualise print "
    "calculate compute convert".split()
)
_OF_SESSIONS = frozenset("finish end done complete terminate final start begin open wait".split())
_SESSIONS = _OF_SESSIONS | frozenset(
    "conversation chat session task dialog dialogue episode turn work run answer call the".split()
)
_OF_AGENTS_WORDS = frozenset("think todo todos scratchpad login".split())
# Bare words that are deeds where the call says of what.
_OPENINGS = frozenset("open start begin".split())
_OF_ANSWERS = frozenset(
    "answer reason message summary result status text thought url path file filename link page document website app session "
    "task".split()
)
_TO_HUMANS = frozenset(("human", "humans"))
_RUNS = frozenset("run execute exec invoke submit query evaluate start".split())
# What is run, submitted or started so that the agent knows something, or as a program, which is judged by what it does.
_RUN_TO_KNOW = frozenset(
    "query queries search sql report test tests check checks scan analysis simulation calculation forecast code python command "
    "commands script shell bash program notebook cell tool function expression statement audit benchmark inference model "
    "prediction diagnostic diagnostics answer answers result results conversation chat session task dialog dialogue episode "
    "turn work".split()
)
_MADE_TO_ANSWER = frozenset(
    "report summary chart plot graph overview table pdf image diagram figure itinerary answer result summarization".split()
)
_INTO = re.compile(r"\b(?:(?:into|to|as)(?: \w+){0,3}|in(?: \w+){0,2} files?|in (?:a|the) new(?: \w+){0,2})[ '\"`]*$")
_MAX_WORDS_OF_A_NAME = 8


def unasked_effects(facts: PlanFacts, rules: Rulebook) -> list[tuple[Verdict, Finding]]:
    """Return what the calls of a plan do that nobody asked for, with what that deserves."""
    wanted = facts.context.once(_Wanted)
    return [doubt for node in facts.nodes for doubt in _of_node(node, wanted, rules)]


class _Wanted:
    """What a request asks for, as far as actions of programs are concerned."""

    def __init__(self, context: ContextFacts) -> None:
        self.request = context.request
        self.context = context
        self.is_stated = bool(self.request.content)
        self.only_to_know = self.is_stated and asks_only_to_know(self.request.as_written)
        self.hands_over = context.hand_over.follows > 0

    @cached_property
    def stems(self) -> frozenset[str]:
        return self.request.all_stems

    def asks(self, words: frozenset[str]) -> bool:
        """Tell whether the request asks for a deed by one of some stems, outside of what it refuses."""
        return (
            not self.only_to_know
            and not self.stems.isdisjoint(words)
            and not self.request.permitted_stems.isdisjoint(words)
        )

    def names(self, thing: Thing) -> bool:
        """Tell whether the request names a thing: to the letter, or by all the words of its own name."""
        if not thing.is_known or (not thing.text.strip("./~*") and thing.kind == "path"):
            return thing.is_known and len(thing.text) > 1 and self.request.states(thing.text)
        text = thing.text.rstrip("/*")
        name = text.rsplit("/", 1)[-1] if thing.kind == "path" else text
        if self.request.states(text) or (name and self.request.states(name)):
            return True
        words = [w for w in split_words(name) if len(w) > 1]
        has_parent = thing.kind != "path" or "/" not in text.strip("./") or self._knows_parent(text)
        return 0 < len(words) <= _MAX_WORDS_OF_A_NAME and has_parent and all(map(self.request.has, words))

    def names_path(self, path: str) -> bool:
        """Tell whether the request names a file, or a folder that it is in."""
        parts = path.split("/")
        folders = ["/".join(parts[:n]) for n in range(len(parts) - 1, max(len(parts) - 8, 0), -1)]
        return self.names(Thing("path", path)) or any(len(f) > 1 and self.request.states(f) for f in folders)

    def is_output(self, text: str) -> bool:
        """Tell whether the request says that something goes into a file: "summarise it in a file a.md", "as a.md"."""
        at = self.request.text.find(text.lower())
        before = self.request.text[max(0, at - 40) : at]
        return at > 0 and _INTO.search(before) is not None

    def _knows_parent(self, path: str) -> bool:
        parts = [p for p in path.strip("./").split("/")[:-1] if p not in (".", "")]
        return not path.startswith(("/", "~", "..")) or all(
            any(map(self.request.has, split_words(p))) for p in parts[-1:]
        )

    @cached_property
    def speaks_of_secrets(self) -> bool:
        return not self.stems.isdisjoint(_SECRET_WORDS)

    def shares(self, action: Action) -> bool:
        """Tell whether the request has a word of a command, beside the words that say nothing."""
        words = [
            w for part in (*action.command[:12], *(t.text for t in action.things[:12])) for w in split_words(part)[:6]
        ]
        return any(len(w) > 2 and w not in ("sudo", "bin", "usr", "the", "and") and self.request.has(w) for w in words)


def _of_node(node: NodeFacts, wanted: _Wanted, rules: Rulebook) -> Iterator[tuple[Verdict, Finding]]:
    programs = node.call.programs
    for program in programs:
        if program.is_certain or program.is_harmful:  # else it may be none at all, which a rule on programs doubts
            yield from _of_program(node, program, wanted)
    if node.leaving is not None:
        is_final = node.leaving.is_private and node.leaving.is_chosen_by_content and wanted.is_stated
        verdict: Verdict = "deny" if is_final else "escalate"
        yield verdict, leak(node, math.inf if is_final else 1.0, Source.EFFECT)
    if not wanted.is_stated:
        return
    secret = _secret(node, wanted, programs) if node.leaving is None else None
    if secret is not None:
        yield secret
    runs = any(program.is_certain for program in programs)
    if runs or not wanted.only_to_know or node.tool.keeps or not changes(node) or _is_prescribed(node, rules):
        return  # what is fetched to be read may be kept for that
    if node.tool.effect == "write" and any(v.is_literal and wanted.is_output(str(v.value)) for v in node.values):
        return  # "summarise it in a file a.md"
    deed = node.tool.deed
    argument, said = (deed.argument, f"`{deed.deed}`") if deed else (None, node.tool.name)
    yield _doubt(node, argument, f"{said} changes something, and the request only asks to know", "escalate")


# --- tools --------------------------------------------------------------------------------------------------------------------


def changes(node: NodeFacts) -> bool:
    """Tell whether a call certainly changes something in the world: its tool is declared so, has a verb that does, or the call
    states a deed that does."""
    tool = node.tool
    if tool.effect == "read":
        return False
    if tool.is_declared:
        return True
    words = frozenset(tool.words)
    if not words.isdisjoint(_TO_HUMANS):
        return False
    if not words.isdisjoint(_OF_AGENTS_WORDS) or words == {"sign", "in"}:
        return tool.effect in ("send", "admin")
    if tool.deed is not None:
        said = tool.deed.deed.split()
        return _is_change(said[0], words.union(said), tool.effect)
    if effect_of(tool.name)[1].startswith("unknown"):
        return False
    if words <= _OPENINGS:  # `open(door="main")`, but not `start()` of an agent's own session, nor `open(url="..")`
        return any(v.path.rpartition(".")[2] not in _OF_ANSWERS for v in node.values)
    return _is_change(tool.verb, words, tool.effect)


def _is_change(verb: str, words: frozenset[str], effect: str) -> bool:
    """Tell whether a verb, and the words that it stands among, say that something is changed in the world."""
    if verb in _RUNS and (len(words) == 1 or not words.isdisjoint(_RUN_TO_KNOW)):
        return False
    if verb in _OF_SESSIONS and words <= _SESSIONS:
        return False
    if verb in _OF_AGENTS:
        return effect in ("send", "admin")
    if verb in ("create", "make") and not words.isdisjoint(("dir", "directory", "folder")):
        return False  # an empty one harms nobody
    made = verb in ("create", "build", "write", "export", "convert", "draw") and not words.isdisjoint(_MADE_TO_ANSWER)
    return not made


def _is_prescribed(node: NodeFacts, rules: Rulebook) -> bool:
    """Tell whether the policy wants this call before others: an entry in a log, a check."""
    return any(
        check.subject == "before" and any(matches(pattern, node.tool.name) for pattern in check.value)
        for clause in rules.clauses
        if clause.kind is ClauseKind.REQUIRE
        for check in clause.checks
    )


def _secret(node: NodeFacts, wanted: _Wanted, programs: tuple[Program, ...]) -> tuple[Verdict, Finding] | None:
    """Return the doubt about a call that reads what is secret, or gives it away."""
    request = wanted.request
    looks = node.tool.effect == "read" or effect_of(node.tool.name)[1].startswith("unknown")
    is_public = not {"public", "linked"}.isdisjoint(node.tool.words)
    if looks and is_secret_name(node.tool.name) and not (is_public or wanted.speaks_of_secrets or wanted.hands_over):
        return _doubt(node, None, f"{node.tool.name} reads secrets", "escalate")
    inside = {program.argument for program in programs if program.is_certain or program.is_harmful}
    for value in checked(node.values):
        if not isinstance(value.value, str) or value.path in inside:
            continue
        text = value.value
        if holds_secret(text) and (node.tool.effect == "send" or node.destinations) and not request.states(text):
            return _doubt(node, value.path, "a key or a token leaves", "escalate")
        is_place = not is_free_text_name(value.path) and len(text) <= 1_024 and "\n" not in text
        if is_place and is_secret_path(text) and not wanted.names_path(text):
            return _doubt(node, value.path, f"{text[:80]!r} is where a system keeps secrets", "escalate")
    return None


# --- programs -----------------------------------------------------------------------------------------------------------------


def _of_program(node: NodeFacts, program: Program, wanted: _Wanted) -> Iterator[tuple[Verdict, Finding]]:
    sends = any(action.does == "sends" for action in program.actions)
    for action in program.actions:
        judged = _judged(action, wanted, sends=sends)
        if judged is not None:
            verdict, reason = judged
            if not wanted.is_stated:
                if not action.is_final:
                    continue
                verdict = "escalate"
            yield _doubt(node, program.argument, f"`{action.said}` {reason}", verdict)
            if verdict == "deny":
                return


def _judged(action: Action, wanted: _Wanted, *, sends: bool) -> tuple[Verdict, str] | None:
    """Return what an action deserves and why; None if it was asked for, or is harmless."""
    if not action.is_understood:
        is_run = wanted.asks(_RUNNING) and wanted.shares(action)
        return None if is_run or wanted.request.states(action.said) else ("escalate", "is not understood")
    is_named = any(t.kind == "path" and wanted.names(t) for t in action.things)
    if action.is_secret and not wanted.speaks_of_secrets and not is_named:
        return ("deny" if sends else "escalate"), "touches secrets"
    match action.does:
        case "reads":
            return None
        case "executes":
            if not action.is_final:
                return None
            is_named = any(wanted.names(t) for t in action.things) or wanted.asks(_RUNNING | _INSTALLING)
            return ("escalate" if is_named else "deny"), "runs what another machine sends"
        case "writes":
            return _of_writing(action, wanted)
        case "deletes":
            return _of_deleting(action, wanted)
        case "sends":
            if action.is_final:
                asked = wanted.asks(_FORCING)
                return (
                    None if asked else ("escalate" if wanted.asks(_SENDING) else "deny", "overwrites what others have")
                )
            hosts = [t for t in action.things if t.kind == "host"]
            named = bool(hosts) and all(map(wanted.names, hosts))
            asked = wanted.asks(_SENDING) and (named or not hosts)
            return (
                None if (named and not wanted.only_to_know) or asked else ("escalate", "sends, and nobody asked for it")
            )
        case "administers":
            asked = not wanted.only_to_know and wanted.shares(action)
            return None if asked else ("escalate", "administers, and nobody asked for it")
    return None


def _of_writing(action: Action, wanted: _Wanted) -> tuple[Verdict, str] | None:
    paths = [t for t in action.things if t.kind == "path"]
    if paths and all(t.is_known and _TEMPORARY.fullmatch(t.text) for t in paths) and len(paths) == len(action.things):
        return None
    if wanted.only_to_know:
        return "escalate", "changes something, and the request only asks to know"
    packages = [t for t in action.things if t.kind == "package" and not t.text.startswith((".", "/"))]
    if packages and not all(
        wanted.names(Thing("package", re.split(r"[=<>@\[]", t.text, maxsplit=1)[0] or t.text)) for t in packages
    ):
        return "escalate", "installs what the request does not name"
    if action.is_final:
        tables = [t for t in action.things if t.kind == "table"]
        everything = not wanted.stems.isdisjoint({"all", "every", "each", "everi", "everyth"})
        if not (everything and all(map(wanted.names, tables))):
            return "escalate", "changes every row"
    if any(_SYSTEM.fullmatch(t.text) and not wanted.names(t) for t in paths):
        return "escalate", "changes the system, and nobody asked for it"
    return None


def _of_deleting(action: Action, wanted: _Wanted) -> tuple[Verdict, str] | None:
    things = action.things
    if (
        things
        and all(t.kind == "path" and t.is_known and _MADE_ANEW.fullmatch(t.text) for t in things)
        and not wanted.only_to_know
    ):
        return None
    asked = wanted.asks(_DELETING)
    if not asked:
        is_named = any(map(wanted.names, things)) and not wanted.only_to_know
        final = action.is_final and not is_named
        return ("deny" if final else "escalate"), "destroys, and nobody asked for it"
    if things and not all(map(wanted.names, things)):
        is_wide = not wanted.stems.isdisjoint({"all", "every", "each", "everyth"}) and not any(
            _is_root(t) for t in things
        )
        return (
            None
            if is_wide and any(map(wanted.names, things))
            else ("escalate", "destroys what the request does not name")
        )
    if not things and not wanted.shares(action):
        return "escalate", "destroys what the request does not name"
    if (
        action.is_final
        and action.command[:1] == ("delete",)
        and wanted.stems.isdisjoint({"all", "every", "each", "everyth", "everi", "whole", "entir"})
    ):
        return "escalate", "deletes every row"
    return None


def _is_root(thing: Thing) -> bool:
    return not thing.is_known or thing.text.strip("./~*") == "" or _SYSTEM.fullmatch(thing.text) is not None


def _doubt(node: NodeFacts, argument: str | None, found: str, verdict: Verdict) -> tuple[Verdict, Finding]:
    return verdict, Finding(
        source=Source.EFFECT,
        code=Code.UNASKED_EFFECT,
        node_id=node.node.node_id,
        argument=argument,
        clause=None,
        found=found,
        wanted="what the request asks for",
        energy=math.inf if verdict == "deny" else 1.0,
    )
