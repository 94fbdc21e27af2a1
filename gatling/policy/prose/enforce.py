"""Prose as checks: from the sentences of a rulebook to clauses, where they are certain, and to what they leave open.

| a sentence | becomes |
| --- | --- |
| forbids or bounds, and every word of it is understood | the same clause that the native format would have |
| says who may, or in which state a thing must be (`conditions.py`) | a requirement on facts and records of the session |
| forbids, or permits only this or that, and some of it is not understood | a clause that leaves open the calls under its words |
| of no form that is read, with a word that may forbid (`doubtful.py`) | the same, for calls that share its deed or its thing |
| forbids, and names a folder: `Never read anything below /etc.` | leaves open programs that touch it, besides |
| permits | nothing: prose grants no call |
| speaks of requests, orders in texts, or of no call | nothing: that is what the critics are for, or the encoders |

Nothing is ever taken away, so a policy with its prose enforced allows no call that it would not allow without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from gatling.policy.clauses import Clause, ClauseKind, Condition, Operator
from gatling.policy.language.deeds import GENERIC_VERBS, READS, root, same_object
from gatling.policy.language.grammar import Form, form_of
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.phrase import parse_phrase
from gatling.policy.language.sentences import denied_tools, read_sentence
from gatling.policy.language.statement import NativeRule, Statement
from gatling.policy.prose.conditions import Conditional, conditional_of
from gatling.policy.prose.doubtful import (
    forbids_itself,
    is_foreign,
    may_forbid,
    says_read_only,
    things_said,
    tools_perhaps_meant,
)
from gatling.policy.prose.topics import topic_of
from gatling.policy.reading.conditions import conditions_of
from gatling.policy.reading.vocabulary import MODAL_WORDS
from gatling.policy.rules import Rulebook
from gatling.schema.budget import checked
from gatling.schema.plain import cut
from gatling.schema.words import split_words, stem
from gatling.tools.derive import effect_of
from gatling.tools.spec import ToolSpec

PROSE = "prose"
"""The dialect of clauses that stand in sentences."""
MAX_COMPARISONS = 2_000_000
"""Sentences that may forbid times tools that are known; of a larger policy all such sentences leave open what they may mean."""
_MAX_CHARS = 600
_FEW_WORDS = 2
_RULING = MODAL_WORDS | frozenset("cant dont mustnt limited maximum most limit minors under least".split())
_SENTENCE = re.compile(r"(?<=[a-z0-9)'\"][.!?;])\s+(?=[A-Z'\"(*-])|\n+|;\s+")
_FOR_CRITICS = re.compile(
    r"\b(?:requests?|requested|asked|asks|directions|instructions|instructed|orders? (?:in|from|found)|told|authority|wording)\b",
    re.IGNORECASE,
)
"""Words of sentences about what was asked, and about texts that order: whether a call was wanted is the critics' question."""
_ONLY = re.compile(r"\b(?:only|solely|exclusively|nothing but|never|unless)\b", re.IGNORECASE)
_TELLS = re.compile(
    r"^(?:there|note|e\.g\.|for example)\b|\b(?:will|would|did|was|were|has|have) (?:not|never)\b|\bmay fail\b",
    re.IGNORECASE,
)
_FOLDER = re.compile(r"(?<![\w./~-])~?/[\w.~-]+(?:/[\w.~*-]+)*")
_ELSEWHERE = re.compile(r"\b(?:outside|except|unless|other than|but|only|allowed|permitted|instead)\b", re.IGNORECASE)
_NOTHING = re.compile(r"(?:nothing|no|none|nobody)\b", re.IGNORECASE)
_PERHAPS = re.compile(r"\b(?:may not|might not|might|could|should be careful)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProseReading:
    """What was made of a sentence."""

    sentence: str
    clauses: tuple[Clause, ...] = ()
    """Checks that hold it."""
    open_tools: tuple[str, ...] = ()
    """Tools whose calls it leaves open, as some of it is not understood."""
    is_prohibition: bool = False
    """It forbids, or permits only this or that."""
    things: tuple[str, ...] = ()
    """Stems of what it speaks of, where no tool is known that it means: it leaves open the calls that name one."""
    reason: str = ""
    proposal: str = ""
    """The rule that it may mean, for somebody who decides it."""


def with_prose(
    rules: Rulebook, specs: Mapping[str, ToolSpec] | Iterable[str] = (), *, leaves_open: bool = True
) -> Rulebook:
    """Return the rulebook with what its prose enforces.

    Args:
        leaves_open: a sentence that forbids and is not understood leaves open the calls under its words. Not so of policies in
            records of data, whose prose was written for readers and not for this one; there it is the encoders' alone.
    """
    added: list[Clause] = []
    grants_patterns = _grants_patterns(rules)
    for clause, reading in readings_of(rules, specs):
        added += reading.clauses
        if leaves_open:
            added += _in_programs(clause, reading)
        if leaves_open and reading.open_tools:
            open_check = Condition("forbids", Operator.UNKNOWN, _in_words(reading.sentence))
            added.append(_clause(clause, ClauseKind.REQUIRE, reading.open_tools, checks=(open_check,)))
        if leaves_open and reading.is_prohibition and grants_patterns and all(map(_denies_all, reading.clauses)):
            # Which tools there are is not said, so which of them the words mean shows when one is called.
            under = Condition("words", Operator.LIKE, cut(reading.sentence, 200))
            added.append(_clause(clause, ClauseKind.REQUIRE, clause.tools, checks=(under,)))
        if leaves_open and reading.things:
            named = Condition("mentions", Operator.LIKE, reading.things)
            open_check = Condition("forbids", Operator.UNKNOWN, _in_words(reading.sentence))
            added.append(_clause(clause, ClauseKind.REQUIRE, clause.tools, when=(named,), checks=(open_check,)))
    if not added and all(clause.dialect != PROSE for clause in rules.clauses):
        return rules
    return replace(rules, clauses=(*map(_settled, rules.clauses), *added))


def _denies_all(clause: Clause) -> bool:
    return clause.kind is ClauseKind.DENY and not clause.when


def _in_words(sentence: str) -> str:
    return f"in words that are not checked: {cut(sentence, 200)}"


def _in_programs(at: Clause, reading: ProseReading) -> Iterator[Clause]:
    """Yield that programs are left open that touch a folder which a sentence names as forbidden, whatever they do there: a
    sentence speaks of tools, and a tool that runs programs does what they do."""
    sentence = reading.sentence
    if not (reading.is_prohibition or _NOTHING.match(sentence)) or _ELSEWHERE.search(sentence):
        return
    folders = dict.fromkeys(found.rstrip("./*") for found in _FOLDER.findall(sentence))
    barred = tuple(form for folder in folders if folder.strip("/~") for form in (folder, f"{folder}/*"))
    if barred:
        touched = Condition("path:program", Operator.NOT_LIKE, barred)
        clause = _clause(at, ClauseKind.REQUIRE, at.tools, checks=(touched,))
        yield replace(clause, exception=f"it does there what is not forbidden: {cut(sentence, 200)}")


def _grants_patterns(rules: Rulebook) -> bool:
    granted = (tool for clause in rules.clauses if clause.kind is ClauseKind.ALLOW for tool in clause.tools)
    return bool(rules.is_allow_by_default) or any("*" in tool or "?" in tool for tool in granted)


def readings_of(
    rules: Rulebook, specs: Mapping[str, ToolSpec] | Iterable[str] = ()
) -> Iterator[tuple[Clause, ProseReading]]:
    """Yield what was made of each sentence of prose that rules, with the clause that holds it."""
    said = [(c, s) for c in rules.clauses if c.dialect == "native" for s in _sentences_of(c)]
    if not said:
        return
    lexicon = _lexicon(rules, specs)
    is_small = len(said) * max(1, len(lexicon.names)) <= MAX_COMPARISONS
    for clause, sentence in checked(said):
        if _FOR_CRITICS.search(sentence):
            continue
        yield (
            clause,
            _read(clause, sentence, lexicon)
            if is_small
            else ProseReading(
                sentence, (), clause.tools, is_prohibition=True, reason="the policy has too much prose to be read"
            ),
        )


def _lexicon(rules: Rulebook, specs: Mapping[str, ToolSpec] | Iterable[str]) -> Lexicon:
    named = (t for c in rules.clauses for t in c.tools if "*" not in t and "?" not in t)
    known = dict(specs) if isinstance(specs, Mapping) else {}
    found = Lexicon([*sorted(rules.granted_tools), *named, *specs], known)
    found.roles = frozenset(role.lower() for role in rules.role_names)
    found.is_closed = True
    found.wants_certain = True
    return found


def _sentences_of(clause: Clause) -> Iterator[str]:
    """Yield the sentences of a requirement that may forbid. A member of its own (`otherwise: ..`) explains a rule."""
    if clause.kind is not ClauseKind.REQUIRE or clause.when:
        return
    for check in clause.checks:
        if check.operator is Operator.UNKNOWN and check.subject == PROSE:
            text = str(check.value)
            if clause.path and isinstance(clause.path[-1], str) and text.startswith(f"{clause.path[-1]}: "):
                continue
            for sentence in _SENTENCE.split(text):
                if not 2 < len(sentence) <= _MAX_CHARS:
                    continue
                if not _RULING.isdisjoint(split_words(sentence.replace("'", ""))) or may_forbid(sentence):
                    yield sentence.strip()


def _read(clause: Clause, sentence: str, lexicon: Lexicon) -> ProseReading:
    conditional = conditional_of(sentence)
    if conditional is not None:
        return ProseReading(sentence, (_conditional(clause, conditional, lexicon),), is_prohibition=True)
    if says_read_only(sentence):
        return _read_only(clause, sentence, lexicon)
    reading = read_sentence(Statement(0, sentence), lexicon)
    rules = [rule for rule in reading.rules if rule.kind in ("denial", "requirement", "places")]
    opened = [
        rule for rule in reading.rules if rule.kind == "review" and not rule.reason.startswith("whether it means")
    ]
    is_certain = bool(rules) and not opened and not reading.note and not any(r.kind == "grant" for r in reading.rules)
    if is_certain:
        clauses = [c for rule in rules for c in _of_rule(clause, rule, lexicon)]
        if clauses:
            return ProseReading(sentence, tuple(clauses), is_prohibition=True)
    form = form_of(sentence)
    if form is None or not _forbids(form, sentence):
        permits = form is not None and form.verdict in ("allow", "default")
        return ProseReading(sentence) if permits or _TELLS.search(sentence) else _doubtful(clause, sentence, lexicon)
    phrase = parse_phrase(form.what, lexicon)
    if form.verdict == "deny" and phrase.places and rules == [] and not phrase.rest and not phrase.exceptions:
        tools = denied_tools(phrase, lexicon)[0] if "*" in clause.tools else clause.tools
        if tools:
            there = Condition("destination", Operator.LIKE, phrase.places)
            return ProseReading(
                sentence, (_clause(clause, ClauseKind.DENY, tools, when=(there,)),), is_prohibition=True
            )
    tools = _tools_under(form, sentence, lexicon) if "*" in clause.tools else clause.tools
    if not tools and not _PERHAPS.search(sentence):
        return _doubtful(clause, sentence, lexicon)
    reason = reading.note or next((rule.reason for rule in opened), "not understood")
    proposal = "; ".join(rule.shown() for rule in rules) or (f"forbid {', '.join(tools)}" if tools else "")
    return ProseReading(sentence, (), tools, is_prohibition=True, reason=reason, proposal=proposal)


def _read_only(clause: Clause, sentence: str, lexicon: Lexicon) -> ProseReading:
    """Return what holds an agent that only reads: no call that acts by its verb; of what nobody knows it is open."""
    names = lexicon.names if "*" in clause.tools else clause.tools
    effects = {name: effect_of(name) for name in names}
    acting = tuple(n for n, (effect, why) in effects.items() if effect != "read" and not why.startswith("unknown"))
    unknown = tuple(n for n, (effect, why) in effects.items() if effect != "read" and why.startswith("unknown"))
    denied = (_clause(clause, ClauseKind.DENY, acting),) if acting else ()
    return ProseReading(sentence, denied, unknown, is_prohibition=True, reason="whether these only read")


def _doubtful(clause: Clause, sentence: str, lexicon: Lexicon) -> ProseReading:
    """Return what a sentence leaves open that no form reads and that may forbid something."""
    if not may_forbid(sentence):
        return ProseReading(sentence)
    tools = tools_perhaps_meant(sentence, lexicon) if "*" in clause.tools else clause.tools
    proposal = f"forbid {', '.join(tools)}" if tools else ""
    reason = "in another language" if is_foreign(sentence) else "no form that is read"
    things = () if tools or not forbids_itself(sentence) else things_said(sentence)
    return ProseReading(sentence, (), tools, is_prohibition=True, things=things, reason=reason, proposal=proposal)


def _forbids(form: Form, sentence: str) -> bool:
    """Tell whether a sentence forbids, bounds, or permits only this or that; what it says of the world forbids nothing."""
    if _TELLS.search(sentence):
        return False
    is_only = form.is_only or form.is_exclusive or bool(_ONLY.search(sentence))
    return form.verdict in ("deny", "ask", "limit") or (form.verdict == "allow" and is_only)


def _tools_under(form: Form, sentence: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools whose calls fall under the words of a sentence: of one that is about something else, none."""
    head = re.split(r"\bonly\b", form.what, maxsplit=1, flags=re.IGNORECASE)[0] if form.verdict != "deny" else form.what
    phrase = parse_phrase(head if head.strip() else form.what, lexicon)
    if phrase.named:
        return denied_tools(phrase, lexicon)[0]
    rest = tuple(map(root, phrase.rest))
    if not phrase.deeds and (form.verdict == "deny" or len(rest) > _FEW_WORDS):
        return ()
    if not phrase.deeds:  # `money only to ..`
        return tuple(
            name
            for name in lexicon.names
            if effect_of(name)[0] != "read"
            and any(same_object(word, root(w)) for word in rest for w in split_words(name))
        )
    deed, objects = phrase.deeds[0]
    if deed in GENERIC_VERBS or (rest and objects) or (_PERHAPS.search(sentence) and (deed in READS or not objects)):
        return ()
    if rest and form.verdict == "deny":
        return ()
    if rest and not objects:  # `Money is sent only to ..`
        return lexicon.denied(deed, rest)
    return denied_tools(phrase, lexicon)[0]


# --- clauses ------------------------------------------------------------------------------------------------------------


def _clause(
    at: Clause,
    kind: ClauseKind,
    tools: tuple[str, ...],
    *,
    when: tuple[Condition, ...] = (),
    checks: tuple[Condition, ...] = (),
    roles: tuple[str, ...] = (),
) -> Clause:
    return Clause(kind, tools, at.path, PROSE, roles or at.roles, when=when, checks=checks, line=at.line)


def _of_rule(at: Clause, rule: NativeRule, lexicon: Lexicon) -> Iterator[Clause]:
    """Yield the clauses of a rule that a sentence makes, for the tools that the sentence's own rule is about."""
    tools = rule.tools if "*" in at.tools else tuple(t for t in rule.tools if t in at.tools)
    if not tools:
        return
    if rule.kind == "places":
        places = tuple(p for place in rule.value for p in ((place,) if "@" in place else (place, f"*.{place}")))
        yield _clause(
            at, ClauseKind.REQUIRE, tools, checks=(Condition("destination", Operator.LIKE, places),), roles=rule.roles
        )
        return
    when, checks = tuple(conditions_of(rule.when)), tuple(conditions_of(rule.require))
    names = [c.subject.partition(":")[2] for c in (*when, *checks) if c.subject.startswith("argument:")]
    for tool in tools:
        spec = lexicon.specs.get(tool)
        if spec is not None and any(name not in {p.name for p in spec.parameters} for name in names):
            continue  # a tool without such an argument
        if rule.kind == "denial":
            yield _clause(at, ClauseKind.DENY, (tool,), when=when, roles=rule.roles)
            continue
        barred = any(c.operator is Operator.LIKE and c.value in ("/*", ("/*",)) for c in checks)
        plain = tuple(c for c in checks if c.operator not in (Operator.LIKE, Operator.NOT_LIKE))
        for c in checks if barred else ():
            if c.operator is Operator.NOT_LIKE:  # ways around a folder are for the comparison of paths
                there = Condition(c.subject, Operator.LIKE, tuple(v for v in c.value if v.startswith("/")))
                yield _clause(at, ClauseKind.DENY, (tool,), when=(*when, there), roles=rule.roles)
        folders = () if barred else tuple(c for c in checks if c.operator is Operator.LIKE)
        if plain:
            yield _clause(at, ClauseKind.REQUIRE, (tool,), when=when, checks=plain, roles=rule.roles)
        for folder in folders:  # where a relative path lies nobody knows
            absolute = Condition(folder.subject, Operator.LIKE, ("/*", "~*", "?:*"))
            elsewhere = Condition(folder.subject, Operator.NOT_LIKE, folder.value)
            yield _clause(at, ClauseKind.DENY, (tool,), when=(*when, absolute, elsewhere), roles=rule.roles)
            below = _clause(at, ClauseKind.REQUIRE, (tool,), when=when, checks=(folder,), roles=rule.roles)
            yield replace(below, exception="the path, which is not written in full, lies there")


def _conditional(at: Clause, said: Conditional, lexicon: Lexicon) -> Clause:
    """Return what facts and records must be for calls of the tools that a phrase names, or for what is about it."""
    tools, topic = (_done_to(said, lexicon), ()) if said.verbs else _about(said.what, lexicon)
    tools = tools if "*" in at.tools else at.tools
    if tools or not said.what:
        return _clause(at, ClauseKind.REQUIRE, tools or at.tools, checks=said.checks)
    topic = topic or topic_of(said.what)
    return _clause(
        at, ClauseKind.REQUIRE, at.tools, when=(Condition("topic", Operator.LIKE, topic),), checks=said.checks
    )


def _done_to(said: Conditional, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that do something to a thing, by the words of their names."""
    thing = root(said.thing)
    return tuple(
        name
        for name in lexicon.names
        if not (words := set(split_words(name))).isdisjoint(said.verbs)
        and any(same_object(root(w), thing) for w in words)
    )


def _about(what: str, lexicon: Lexicon) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tools that a phrase certainly means, else the words by which a call is about it."""
    phrase = parse_phrase(what, lexicon)
    certain = phrase.deeds and not phrase.rest
    tools = denied_tools(phrase, lexicon)[0] if certain or phrase.named else ()
    topic = topic_of(what)
    things = set(topic) if topic else set()
    kept = tuple(t for t in tools if phrase.named or not things or _is_about(t, things, phrase.deeds))
    return kept, topic


def _is_about(tool: str, things: set[str], deeds: list[tuple[str, tuple[str, ...]]]) -> bool:
    words = {stem(w) for w in split_words(tool)}
    return not words.isdisjoint(things) or any(not objects for _, objects in deeds)


def _settled(clause: Clause) -> Clause:
    """Return a rule about a deed in words (`read_rule`) with the words by which a call is about it."""
    if clause.dialect != PROSE:
        return clause
    when = tuple(
        Condition("topic", Operator.LIKE, topic_of(str(c.value))) if c.subject == "deed" else c for c in clause.when
    )
    return replace(clause, when=when)
