"""Lists of one rule a line, of whatever system: tokens that are a tool, an effect, a role, a place or a bound.

`-t pay_invoice --amount 0:1000 -j ACCEPT`, `allow tag_sample from technician`, `Allow: fetch_page https://docs.acme.org/`. A
token that is none of these is not understood, and a grant with one is none. What all lines start with says nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from gatling.policy.convert.claims import Claim, Meant, rules_of, tools_meant
from gatling.policy.convert.legends import QUALIFIED
from gatling.policy.language.concern import about_phrase
from gatling.policy.language.effects import effect_in
from gatling.policy.language.grammar import ROLE_NOUNS
from gatling.policy.language.keys import DENY, ROLE_KEYS
from gatling.policy.language.lexicon import Lexicon, role_names
from gatling.policy.language.statement import NativeRule, Reading
from gatling.schema.words import split_words
from gatling.tools.naming import singular

_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s,]+")
_WHO = ROLE_KEYS | frozenset("from by for user-agent uid owner source agent".split())
_WHERE = frozenset("to on in at under below host domain".split())
_NOISE = frozenset("rule rules tool tools - | -> => = : any all".split())
_MAX_TOKENS = 40


def shared_tokens(lines: list[str]) -> frozenset[str]:
    """Return the tokens that nearly all lines start with: the command of a list, its chain."""
    heads = Counter(token for line in lines for token in dict.fromkeys(_TOKEN.findall(line)[:3]))
    return frozenset(
        token
        for token, count in heads.items()
        if any(c.isalnum() for c in token)
        and len(lines) > 2
        and count >= 0.75 * len(lines)
        and not effect_in(token).effect
        and not QUALIFIED.search(token)
    )


def roles_of_line(text: str) -> tuple[str, ...] | None:
    """Return whom the lines below a line are for: `User-agent: editor`; None if it says nothing of that, nobody for everybody."""
    match = re.fullmatch(r"\s*([\w-]+)\s*:\s*(\S.*?)\s*", text)
    if match is None or match.group(1).lower() not in _WHO:
        return None
    return () if match.group(2).lower() in ("*", "all", "any", "everyone") else role_names(match.group(2))


def read_line(
    reading: Reading, lexicon: Lexicon, shared: frozenset[str], roles: tuple[str, ...] = ()
) -> Reading | None:
    """Read one line by its tokens; None if not all of it is understood."""
    text = reading.statement.text
    tokens = _TOKEN.findall(_called(text))
    if len(tokens) > _MAX_TOKENS or "!" in tokens or text.startswith("|"):
        return None
    claim = Claim(roles=roles, text=text)
    tools: list[str] = []
    place = 0
    while place < len(tokens):
        token = tokens[place].strip("\"'")
        following = tokens[place + 1].strip("\"'") if place + 1 < len(tokens) else ""
        place += 1
        if token in shared or token.lower() in _NOISE:
            continue
        if compared := re.fullmatch(r"([A-Za-z][\w.-]*)(<=|>=|<|>)(-?\d[\w.,]*)", token):
            claim.qualities.append((compared.group(1), "".join(compared.groups()[1:])))
            continue
        key, _, value = token.lstrip("-").partition("=")
        is_option = token.startswith("-") and len(key) > 0 and key[0].isalpha()
        if is_option and not value:
            value, place = following, place + 1
        if token.endswith(":") and effect_in(token.rstrip(":")).effect and not effect_in(token.rstrip(":")).rest:
            token = token.rstrip(":")
        if is_option or (value and re.fullmatch(r"[\w.-]+", key)):
            if not _member(claim, tools, key.lower(), value, lexicon):
                return None
        elif token.lower() in _WHO and following:
            place += 1
            if not _member(claim, tools, "role", following, lexicon):
                return None
        elif token.lower() in _TO_WHOM and _is_role(following, lexicon) and not claim.roles:
            place += 1
            claim.roles = role_names(following)
        elif token.lower() in _WHERE and re.search(r"[/.*]", following):
            place += 1
            claim.qualities.append(("to" if re.search(r"\.[a-z]{2,}", following) else "path", following))
        elif lexicon.exact(token.lstrip("!")) or ("*" in token and re.search(r"\w", token)):
            tools += tools_meant(token.lstrip("!"), lexicon)
            if token.startswith("!"):
                claim.effect = DENY
        elif re.match(r"https?://|/", token):
            claim.qualities.append(("url" if token.startswith("http") else "path", token))
        elif token[:1] in "%@" and re.fullmatch(r"[%@][\w-]+", token):
            if not _member(claim, tools, "role", token[1:], lexicon):
                return None
        elif (said := effect_in(token)).effect and not said.rest and not claim.effect:
            claim.effect = said.effect
        elif _is_role(token, lexicon) and not claim.roles:
            claim.roles = role_names(token)
        else:
            return None
    if not claim.effect or not tools:
        return None
    rules, note = rules_of(claim, Meant(tuple(dict.fromkeys(tools))), lexicon)
    if note or any(rule.kind == "review" for rule in rules):
        return None
    return replace(reading, rules=rules, note="")


_TO_WHOM = frozenset("to from for".split())


def _called(text: str) -> str:
    """Return a line without the brackets of a call: `allow(clerk, read_file).` is `allow clerk read_file`."""
    found = re.fullmatch(r"\(?\s*([a-z]\w*)\s*\(\s*([^()]*)\)\s*\)?\s*[.;]?", text, re.IGNORECASE)
    if found and effect_in(found.group(1)).effect and not re.search(r"[=!<>&|]", found.group(2)):
        return f"{found.group(1)} {found.group(2).replace(',', ' ')}"
    return text.rstrip(" ;")


def _is_role(text: str, lexicon: Lexicon) -> bool:
    """Tell whether a token is the name of a role: one that the source states as such, or a word for one."""
    return re.fullmatch(r"[A-Za-z][\w-]*", text) is not None and (
        text.lower() in lexicon.roles or singular(split_words(text)[-1]) in ROLE_NOUNS - {"agent"}
    )


def _member(claim: Claim, tools: list[str], key: str, value: str, lexicon: Lexicon) -> bool:
    """Read an option with its value; tell whether it is understood."""
    text = value.strip("\"'")
    named = tools_meant(text, lexicon) if lexicon.exact(text) or "*" in text.strip("*") else ()
    said = effect_in(text)
    if not text or text.startswith("!"):
        return False
    if named and len(set(split_words(key))) <= 1:
        tools += named
    elif key in _WHO or set(split_words(key)) <= ROLE_KEYS:
        if claim.roles:
            return False
        claim.roles = () if text.lower() in ("*", "all", "any", "everyone") else role_names(text)
    elif said.effect and not said.rest and not claim.effect and len(key) <= 6:
        claim.effect = said.effect
    elif len(key) > 1:
        claim.qualities.append((key.replace("-", "_"), text))
    else:
        return False
    return True


def read_tuple(reading: Reading, lexicon: Lexicon) -> Reading | None:
    """Read one line of values with commas: who, which tool in one or two of them, and whether; None if it is anything else.

    `p, purser, booking, read, allow` is `read_booking` for the purser; `g, relief captain, captain` hands a role on.
    """
    parts = [part.strip().strip("\"'") for part in reading.statement.text.split(",")]
    if not 3 <= len(parts) <= 6 or any(len(part.split()) > 3 for part in parts):
        return None
    if parts[0] == "g" and len(parts) == 3:
        parents = role_names(parts[2])
        rules = tuple(NativeRule("role", roles=(role,), value=list(parents)) for role in role_names(parts[1]))
        return replace(reading, rules=rules)
    parts = parts[1:] if re.fullmatch(r"[a-z]\d?", parts[0]) else parts
    said = [effect_in(part).effect if not effect_in(part).rest else "" for part in parts]
    if sum(map(bool, said)) != 1 or not said[-1]:
        return None
    who, *what = parts[:-1]
    if not 1 <= len(what) <= 2 or not re.fullmatch(r"[\w .-]+|\*", who):
        return None
    deeds = [part for part in what if part != "*"]
    tools = next((t for form in (deeds, deeds[::-1]) if (t := tools_meant(" ".join(form), lexicon))), ())
    claim = Claim(said[-1], () if who == "*" else role_names(who), text=reading.statement.text)
    if len(deeds) < len(what) or not tools:
        claim.actions = [" ".join(deeds)]
        if claim.effect != DENY or not deeds:
            return None
        about = about_phrase(claim.actions[0], lexicon)
        return replace(
            reading, rules=(NativeRule("denial", about, claim.roles),) if about else (), note="whatever it means"
        )
    rules, note = rules_of(claim, Meant(tuple(dict.fromkeys(tools))), lexicon)
    return replace(reading, rules=rules, note=note)
