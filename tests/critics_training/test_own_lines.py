"""`gatling calibrate --conversations`: one's own honest conversations say where the lines are, and the guard goes by them."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatling.cli import main
from gatling.cli.calibration_table import print_own_lines
from gatling.critics_training.attribution import worst_of
from gatling.critics_training.own_lines import half_of, with_own_lines
from gatling.critics_training.wishes import WishedConversation, conversations_of_files
from gatling.energy.attribution_judge import ATTRIBUTION_NAME, AttributionJudge
from gatling.errors import CheckpointError, ConfigError
from gatling.guard import Guard
from gatling.guard.replay import replay
from gatling.runtime.folder import pretrained_folder

RATE = 0.2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "made.jsonl"
    assert main(["generate", "--conversations", "--count", "40", "--seed", "3", "--output", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def read(made: Path) -> list[WishedConversation]:
    return conversations_of_files([made], limit=1_000, workers=1)


@pytest.fixture(scope="module")
def judge() -> AttributionJudge:
    return AttributionJudge.read(pretrained_folder() / ATTRIBUTION_NAME)


def honest_worst(judge: AttributionJudge, read: list[WishedConversation]) -> dict[str, float]:
    worst: dict[str, float] = {}
    for c in read:
        if not c.is_violation and c.calls:
            worst[c.request] = max(worst.get(c.request, -math.inf), worst_of(c, judge.head, judge.trees).escalated)
    return worst


def test_lines_keep_their_promise_and_no_more(judge: AttributionJudge, read: list[WishedConversation]) -> None:
    worst = honest_worst(judge, read)
    assert len(worst) > 15
    assert all(worst)  # requests are told
    for rate in (0.1, RATE, 0.5):
        own = with_own_lines(judge, read, max_escalations=rate, max_false_alarms=rate)
        above = sum(score >= own.lines["changes"].escalate for score in worst.values())
        assert above == math.floor(rate * (len(worst) + 1)) - 1, "the next lower score would break the promise"
        assert own.figures["own"]["max_false_alarms"] == rate
        assert own.lines["reads"].escalate == pytest.approx(own.lines["changes"].escalate + 0.5)  # what can cost little


def test_attacks_move_no_line_and_are_counted(judge: AttributionJudge, read: list[WishedConversation]) -> None:
    rates = {"max_escalations": RATE, "max_false_alarms": RATE}
    own = with_own_lines(judge, read, **rates)
    alone = with_own_lines(judge, [c for c in read if not c.is_violation], **rates)
    assert own.lines == alone.lines
    blamed = [worst_of(c, judge.head, judge.trees).blamed for c in read if c.is_violation]
    stopped = own.figures["own"]["stopped"]
    assert stopped["of"] == len(blamed)
    assert stopped["share"] == pytest.approx(
        sum(b >= own.lines["changes"].escalate for b in blamed) / len(blamed), abs=1e-4
    )
    assert "stopped" not in alone.figures["own"]


def test_a_rate_that_too_few_requests_can_promise(judge: AttributionJudge, read: list[WishedConversation]) -> None:
    kept = {c.request: c for c in read if not c.is_violation and c.calls}
    few = list(kept.values())[:9]
    own = with_own_lines(judge, few, max_escalations=0.1, max_false_alarms=0.01)
    assert own.figures["own"]["max_false_alarms"] is None
    assert own.lines["changes"].deny >= max(judge.lines["changes"].deny, own.lines["changes"].escalate)
    with pytest.raises(
        ConfigError, match="8 honest requests with a call cannot promise a rate of 0.1: at least 9 are needed"
    ):
        with_own_lines(judge, few[:8], max_escalations=0.1, max_false_alarms=0.01)
    again = [*few[:8], few[0]]  # one request twice is one request
    with pytest.raises(ConfigError, match="8 honest requests"):
        with_own_lines(judge, again, max_escalations=0.1, max_false_alarms=0.01)
    for escalations, alarms in ((0.1, 0.2), (1.0, 0.1), (0.1, 0.0)):
        with pytest.raises(ConfigError, match="above 0, below 1, in this order"):
            with_own_lines(judge, few, max_escalations=escalations, max_false_alarms=alarms)


def test_halves_are_by_request_and_stable() -> None:
    assert {half_of(f"request {i}") for i in range(20)} == {0, 1}
    assert half_of("Pay the bill.") == half_of("Pay the bill.")


def test_the_command_writes_what_the_guard_goes_by(
    made: Path, judge: AttributionJudge, read: list[WishedConversation], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(pretrained_folder(), "guard")
    before = (Path("guard") / ATTRIBUTION_NAME).read_bytes()
    flags = ["--max-escalations", str(RATE), "--max-false-alarms", str(RATE), "--output", "elsewhere", "--json"]
    assert main(["calibrate", "--model", "guard", "--conversations", str(made), *flags]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (Path("guard") / ATTRIBUTION_NAME).read_bytes() == before
    shutil.copy(Path("elsewhere") / ATTRIBUTION_NAME, Path("guard") / ATTRIBUTION_NAME)
    print_own_lines(figures, "conversations")
    assert "deny from" in capsys.readouterr().out
    own = AttributionJudge.read(Path("guard") / ATTRIBUTION_NAME)
    assert figures == own.figures["own"]
    assert own.digest != judge.digest
    assert _escalates_by_judge("guard", made) == {
        i for i, c in enumerate(read) if _worst(own, c) >= own.lines["changes"].escalate
    }


def _worst(judge: AttributionJudge, conversation: WishedConversation) -> float:
    return worst_of(conversation, judge.head, judge.trees).escalated


def _escalates_by_judge(folder: str, file: Path) -> set[int]:
    """Return the conversations of which the judge, and no rule, stops some call."""
    guard = Guard.from_pretrained(folder)
    found = set()
    for i, line in enumerate(file.read_text().splitlines()):
        record: dict[str, Any] = json.loads(line)
        calls = replay(guard, record["messages"], _context(record))
        if any(f.source == "attribution" for call in calls for f in call.decision.assessment.findings):
            found.add(i)
    return found


def _context(record: dict[str, Any]) -> Any:
    from gatling.schema import parse_context

    return parse_context(record["governance_context"])


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ([], "--dataset or --conversations must be given, and not both"),
        (["--conversations", "a.jsonl", "--dataset", "b.jsonl"], "and not both"),
        (["--conversations", "missing.jsonl"], "missing.jsonl"),
    ],
)
def test_what_cannot_be_calibrated_on_is_refused(
    flags: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(pretrained_folder(), "guard")
    assert main(["calibrate", "--model", "guard", *flags]) != 0
    assert reason in capsys.readouterr().err


def test_without_floors_a_promise_is_kept_that_floors_break(
    judge: AttributionJudge, read: list[WishedConversation]
) -> None:
    floored = {c.request for c in read if not c.is_violation and _worst(judge, c) == math.inf}
    assert floored, "floors stop some honest work here"
    others = {c.request for c in read if not c.is_violation and c.calls} - floored
    few = [c for c in read if c.is_violation or c.request in {*floored, *sorted(others)[: 8 - len(floored)]}]
    few += [_as_attack(c) for c in few if c.request in floored and not c.is_violation]
    rates = {"max_escalations": 0.12, "max_false_alarms": 0.12}
    with pytest.raises(ConfigError, match=f"{len(floored)} of 8 honest requests .* with --no-floors nothing is"):
        with_own_lines(judge, few, **rates)
    own = with_own_lines(judge, few, has_floors=False, **rates)
    figures = own.figures["own"]
    assert figures["honest_on_floors"]["share"] == len(floored) / 8
    scores = [worst_of(c, own.head, own.trees, has_floors=False).escalated for c in few if not c.is_violation]
    assert max(scores) < math.inf
    assert sum(s >= own.lines["changes"].escalate for s in scores) == 0
    # What is given up is counted: attacks that a floor stops, and the lines do not.
    given_up = [
        _blamed(own, c, has_floors=True) == math.inf
        and _blamed(own, c, has_floors=False) < own.lines["changes"].escalate
        for c in few
        if c.is_violation
    ]
    assert figures["stopped_by_floors_alone"]["share"] == pytest.approx(sum(given_up) / len(given_up), abs=1e-4)
    assert any(given_up), "floors stop attacks that these lines let through"
    again = with_own_lines(own, few, max_escalations=0.9, max_false_alarms=0.5)
    assert again.has_floors, "lines are found with the floors unless they are taken away"
    assert again.figures["own"]["stopped_before"] == figures["stopped"], "before was without them"


def _as_attack(conversation: WishedConversation) -> WishedConversation:
    return replace(conversation, is_violation=True, calls=[replace(c, is_blamed=True) for c in conversation.calls])


def _blamed(judge: AttributionJudge, conversation: WishedConversation, *, has_floors: bool) -> float:
    return worst_of(conversation, judge.head, judge.trees, has_floors=has_floors).blamed


def test_the_file_says_whether_the_guard_has_floors(
    made: Path, judge: AttributionJudge, read: list[WishedConversation], capsys: pytest.CaptureFixture[str]
) -> None:
    floored = next(i for i, c in enumerate(read) if _worst(judge, c) == math.inf)
    honest = [i for i, c in enumerate(read) if not c.is_violation]
    kept = sorted({floored, *honest[:9]})
    few, read = Path("few.jsonl"), [read[i] for i in kept]
    few.write_text("\n".join(made.read_text().splitlines()[i] for i in kept))
    shutil.copytree(pretrained_folder(), "guard")
    flags = ["--max-escalations", str(RATE), "--max-false-alarms", str(RATE), "--no-floors"]
    assert main(["calibrate", "--model", "guard", "--conversations", str(few), *flags]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "without floors: a call that cannot be undone, that nobody asked for" in told
    path = Path("guard") / ATTRIBUTION_NAME
    own = AttributionJudge.read(path)
    assert judge.has_floors
    assert not own.has_floors
    above = {
        i
        for i, c in enumerate(read)
        if worst_of(c, own.head, own.trees, has_floors=False).escalated >= own.lines["changes"].escalate
    }
    assert _escalates_by_judge("guard", few) == above
    assert kept.index(floored) not in above, "a floor would have stopped it"
    content = json.loads(path.read_text())
    content["floors"] = "no"
    path.write_text(json.dumps(content))
    with pytest.raises(CheckpointError):
        AttributionJudge.read(path)
