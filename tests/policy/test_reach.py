"""Lint says where a rule reaches other calls than whoever wrote it is likely to have meant."""

from __future__ import annotations

import pytest

from gatling.policy import parse_policy, recognise
from gatling.policy.lint import lint


def remarks(policy: str, *tools: str) -> list[str]:
    return [r.message for r in lint(recognise(parse_policy(policy)), known_tools=tools) if r.kind == "too_wide"]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("allowed_operations: [send_mail, fetch_page]\nallowed_domains: [acme.com]", "fetch_page: pages elsewhere are denied"),
        ("allowed_operations: [browse_web]\nallowed_recipients: [a@acme.com]", "browse_web: pages elsewhere are denied"),
        ("allowed_operations: [read_file, ping]\nrules: [{operation: '*', require: {path: {like: '/w/*'}}}]", "does not state path"),
        ("allowed_operations: [get_passwords, read_file]\nmax_sensitivity: 3", "get_passwords is above 3"),
        ("allowed_operations: [{tool: get_page, when: {url: {like: 'https://acme.com*'}}}]", "write https://acme.com/*"),
    ],
)  # fmt: skip
def test_a_rule_that_reaches_too_far_is_named(policy: str, said: str) -> None:
    found = remarks(policy)
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    "policy",
    [
        "allowed_operations: [fetch_page]\nallowed_domains: [acme.com]",
        "allowed_operations: [send_mail, read_file]\nallowed_domains: [acme.com]",
        "allowed_operations: [send_mail, fetch_page]\nallowed_domains: {send_mail: [acme.com]}",
        "allowed_operations: [send_mail, fetch_page]\nblocked_domains: [evil.com]",
        "allowed_operations: [read_file]\nrules: [{operation: read_file, require: {path: {like: '/w/*'}}}]",
        "allowed_operations: [read_file]\nrules: [{operation: '*', require: {path: {not_like: '/etc/*'}}}]",
        "allowed_operations: [read_file]\nmax_sensitivity: 3",
        "allowed_operations: [{tool: get_page, when: {url: {like: 'https://acme.com/*'}}}]",
        "allowed_operations: [{tool: get_page, when: {url: {like: 'https://*'}}}]",
    ],
)
def test_a_rule_that_reaches_what_it_says_is_not(policy: str) -> None:
    assert remarks(policy) == []


def test_tools_of_the_catalogue_count() -> None:
    policy = "allowed_operations: ['*']\nallowed_domains: [acme.com]"
    assert remarks(policy, "send_mail", "read_file") == []
    assert "open_url, read_webpage" in remarks(policy, "send_mail", "read_webpage", "open_url")[0]
