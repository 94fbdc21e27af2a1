"""The same scripted conversations get the same verdicts through the plain loop and through every adapter that is installed."""

from __future__ import annotations

from typing import Any

import pytest

from gatling.guard import Guard
from tests.integrations.conversations import TALKS, Talk, session, verdicts
from tests.integrations.drivers import NEEDS, play

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.extra]  # frameworks warn of their own doings
ADAPTERS = [name for name in NEEDS if name != "plain loop"]
WITHOUT = {
    "crewai": ("a second turn, and calls side by side", lambda talk: len(talk.turns) > 1 or _side_by_side(talk)),
    "claude agent": ("what the model says", lambda talk: "says yes" in talk.name),
}
"""What a framework's hooks do not show, and the talks that turn on it."""


def _side_by_side(talk: Talk) -> bool:
    return any(len(calls) > 1 for turn in talk.turns for calls in turn.rounds)


@pytest.fixture(scope="module")
def pretrained() -> Guard:
    return Guard.from_pretrained(deadline_ms=None)


def test_the_script_shows_all_verdicts() -> None:
    seen = set()
    for talk in TALKS:
        held = session()
        tools = play("plain loop", talk, held)
        allowed = [(name, args) for name, args, verdict, _ in verdicts(held) if verdict == "allow"]
        assert tools.ran == allowed
        seen |= {(name, verdict) for name, _, verdict, _ in verdicts(held)}
    assert {("read_file", "allow"), ("send_email", "allow"), ("send_email", "deny"), ("send_money", "allow")} <= seen
    assert {("send_money", "deny"), ("send_money", "escalate"), ("delete_file", "deny")} <= seen


@pytest.mark.parametrize("judge", ["fixed", "pretrained"])
@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.name)
@pytest.mark.parametrize("name", ADAPTERS)
def test_verdicts_are_those_of_the_plain_loop(name: str, talk: Talk, judge: str, request: Any) -> None:
    what, is_out_of_sight = WITHOUT.get(name, ("", lambda talk: False))
    if is_out_of_sight(talk):
        pytest.skip(f"{name} does not show {what}")
    guard = request.getfixturevalue("pretrained") if judge == "pretrained" else None
    plain, held = session(guard), session(guard)
    wanted, tools = play("plain loop", talk, plain), play(name, talk, held)
    assert verdicts(held) == verdicts(plain)
    assert sorted(map(str, tools.ran)) == sorted(map(str, wanted.ran))  # side by side, in whatever order
    assert not held.decisions or held.request == plain.request  # some tell it when a call comes
