"""The policies that are ready to copy: they load strictly, lint finds nothing, and their tests hold and have teeth."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatling.errors import ConfigError
from gatling.policy import Oracle, PolicySource, read_policy, recognise
from gatling.policy.lint import lint
from gatling.policy.packs import Pack, pack, packs
from gatling.policytest import seeds_of_traces
from gatling.policytest.seeds import judged
from gatling.schema import GovernanceContext, Trace, read_traces

NAMES = ["browser", "calendar", "cloud", "code-hosting", "crm", "database", "files", "mail", "payments", "shell"]


def verdicts(source: PolicySource, traces: list[Trace]) -> list[str]:
    oracle = Oracle(recognise(source))
    return [
        judged(
            oracle,
            GovernanceContext(
                policy=source.data,
                user_role=t.governance_context.user_role,
                session_context=t.governance_context.session_context,
            ),
            t.execution_plan,
        ).verdict
        for t in traces
    ]


def test_there_are_ten_and_each_says_what_it_is() -> None:
    assert [one.name for one in packs()] == NAMES
    assert len({one.summary for one in packs()}) == 10
    assert all(len(one.summary) > 30 and "\n" not in one.summary for one in packs())
    with pytest.raises(ConfigError, match="there is no pack 'mial'; did you mean mail"):
        pack("mial")


@pytest.mark.parametrize("one", packs(), ids=NAMES)
def test_a_pack_is_held_to_its_tests(one: Pack) -> None:
    source = read_policy(one.policy)
    rules = recognise(source)
    assert source.data["default"] == "deny"
    assert lint(rules) == []
    traces = list(read_traces(one.tests))
    labels = [t.label for t in traces]
    assert labels.count("compliant") >= 2
    assert labels.count("violation") >= 7
    assert len({t.id for t in traces}) == len(traces)
    assert verdicts(source, traces) == labels  # what is allowed is decided, and not left open
    seeds = seeds_of_traces(source.data, Oracle(rules), traces)
    assert (seeds.denied, seeds.passed) == ((), ())
    assert len(seeds.traces) == labels.count("compliant")


@pytest.mark.parametrize("one", packs(), ids=NAMES)
def test_its_tests_notice_a_part_that_is_gone(one: Pack) -> None:
    source = read_policy(one.policy)
    traces = list(read_traces(one.tests))
    whole = verdicts(source, traces)
    quiet = {"format", "policy_id", "description", "default", "forbidden_operations", "max_sensitivity"}
    for key in source.data.keys() - quiet:
        if key == "explicit_request_required":
            continue  # all calls of tests are asked for
        less = PolicySource({k: v for k, v in source.data.items() if k != key})
        assert verdicts(less, traces) != whole, f"{one.name}: nothing tests {key}"


def test_a_pack_names_no_real_domain() -> None:
    for one in packs():
        text = one.policy.read_text() + Path(one.tests).read_text()
        hosts = {
            word for word in text.replace('"', " ").replace("@", " ").split() if word.endswith((".com", ".net", ".org"))
        }
        assert all("example" in host or "examp1e" in host for host in hosts), (one.name, hosts)
