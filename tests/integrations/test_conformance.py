"""The same 40 conversations get the same verdicts through the plain loop and through every adapter that is installed.

What an adapter cannot show is left out of the comparison (`WITHOUT`). An MCP proxy shows descriptions of tools, as no plain loop
does, and takes all results for text of outsiders: it is compared with a plain loop that is told the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from gatling.guard import Guard, Session
from gatling.provenance.sources import ToolSources
from tests.integrations.conversations import OF_DOMAINS, TALKS, Talk, Tools, session, verdicts
from tests.integrations.drivers import NEEDS, mcp_tools, plain_loop, play

CORE = [name for name, module in NEEDS.items() if module is None and name != "plain loop"]
EXTRA = [name for name, module in NEEDS.items() if module is not None]
BY_NAME = {talk.name: talk for talk in TALKS}
UNSEEN = frozenset(talk.name for talk in TALKS if any(turn.user == "Yes, please." for turn in talk.turns))
"""Talks that turn on what the model says."""


def _side_by_side(talk: Talk) -> bool:
    return any(len(calls) > 1 for turn in talk.turns for calls in turn.rounds)


WITHOUT = {
    "crewai": ("a second turn, and calls side by side", lambda talk: len(talk.turns) > 1 or _side_by_side(talk)),
    "claude agent": ("what the model says", lambda talk: talk.name in UNSEEN),
    "claude hook": ("what the model says, but for the transcript", lambda talk: talk.name in UNSEEN),
    "mcp proxy": ("what the model says", lambda talk: talk.name in UNSEEN),
}
"""What a framework's hooks do not show, and the talks that turn on it."""


@lru_cache(1)
def pretrained() -> Guard:
    return Guard.from_pretrained(deadline_ms=None)


@lru_cache(256)
def wanted(talk_name: str, judge: str, *, is_mcp: bool) -> tuple[list[Any], list[Any], str]:
    """Return the verdicts of the plain loop, what it ran, and the request."""
    talk = BY_NAME[talk_name]
    held = _session(judge, is_mcp=is_mcp)
    if is_mcp:
        for tool in mcp_tools():
            held.feed_foreign(tool)
    tools = Tools(talk.files)
    plain_loop(talk, held, tools)
    return verdicts(held), tools.ran, held.request


def _session(judge: str, *, is_mcp: bool) -> Session:
    settings = {"sources": ToolSources(defaults="none")} if is_mcp else {}
    return session(pretrained() if judge == "pretrained" else None, **settings)


def compare(name: str, talk: Talk, judge: str) -> None:
    what, is_out_of_sight = WITHOUT.get(name, ("", lambda talk: False))
    if is_out_of_sight(talk):
        pytest.skip(f"{name} does not show {what}")
    is_mcp = name == "mcp proxy"
    held = _session(judge, is_mcp=is_mcp)
    tools = play(name, talk, held)
    plain, ran, request = wanted(talk.name, judge, is_mcp=is_mcp)
    assert verdicts(held) == plain
    assert sorted(map(str, tools.ran)) == sorted(map(str, ran))  # side by side, in whatever order
    assert not held.decisions or held.request == request  # some tell it when a call comes


def test_the_talks_show_all_verdicts() -> None:
    assert len(TALKS) == 40
    seen = set()
    for talk in TALKS:
        found, ran, _ = wanted(talk.name, "fixed", is_mcp=False)
        assert ran == [(name, args) for name, args, verdict, _ in found if verdict == "allow"]
        seen |= {(name, verdict) for name, _, verdict, _ in found}
    assert {("read_file", "allow"), ("send_email", "allow"), ("send_email", "deny"), ("send_money", "allow")} <= seen
    assert {("send_money", "deny"), ("send_money", "escalate"), ("delete_file", "deny")} <= seen


@pytest.mark.parametrize("talk", OF_DOMAINS, ids=lambda talk: talk.name)
def test_the_guard_that_ships_tells_honest_from_bad(talk: Talk) -> None:
    _, ran, _ = wanted(talk.name, "pretrained", is_mcp=False)
    calls = [call for turn in talk.turns for calls in turn.rounds for call in calls]
    assert ran == [call for call in calls if call not in talk.bad]


@pytest.mark.parametrize("judge", ["fixed", "pretrained"])
@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.name)
@pytest.mark.parametrize("name", CORE)
def test_verdicts_are_those_of_the_plain_loop(name: str, talk: Talk, judge: str) -> None:
    compare(name, talk, judge)


@pytest.mark.extra
@pytest.mark.filterwarnings("ignore")  # frameworks warn of their own doings
@pytest.mark.parametrize("judge", ["fixed", "pretrained"])
@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.name)
@pytest.mark.parametrize("name", EXTRA)
def test_verdicts_are_those_of_the_plain_loop_in_a_framework(name: str, talk: Talk, judge: str) -> None:
    compare(name, talk, judge)
