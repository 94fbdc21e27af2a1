"""What each dialect's clauses mean, one small policy at a time; and what stays unread."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from gatling.policy import Asked, Oracle, parse_policy, recognise
from gatling.policy.lint import lint
from gatling.schema import parse_context, parse_plan
from tests.builders import node, plan
from tests.policy.random_rules import judge

read = partial(recognise, strict=False)


def verdict(policy: dict[str, Any], *nodes: dict[str, Any], role: str = "clerk", **session: Any) -> str:
    return judge(policy, plan(*nodes), role, **session).verdict


ALLOW = {"allowed_operations": ["send_mail", "list_mail", "delete_mail"]}
SEND = node("send_mail", arguments={"to": ["a@acme.com"], "limit": 5})


@pytest.mark.parametrize(
    ("policy", "call", "wanted"),
    [
        ({}, SEND, "violation"),  # silent: denied
        ({"default": "allow"}, SEND, "compliant"),
        ({"permittedTools": ["send_mail"]}, SEND, "compliant"),
        ({"allowlist": ["send_*"]}, SEND, "compliant"),
        ({"allowed_operations": ["sendmail"]}, SEND, "violation"),  # a grant goes by the exact name
        ({**ALLOW, "blocked-tools": ["sendMail"]}, SEND, "violation"),  # a denial does not
        ({**ALLOW, "forbidden_operations": {"mail": ["send_mail"]}}, SEND, "violation"),
        ({"allowed_operations": {"send_mail": True, "list_mail": False}}, node("list_mail"), "violation"),
        ({"access": {"allowed_operations": ["send_mail"]}}, SEND, "compliant"),
        ({"xyz": {"allowed_operations": ["send_mail"]}}, SEND, "undecided"),
        ({"roles": {"clerk": {"allowed_operations": ["send_mail"]}}}, SEND, "compliant"),
        ({**ALLOW, "contacts": [{"name": "Ann", "email": "a@acme.com"}]}, SEND, "compliant"),
        ({**ALLOW, "contacts": [{"name": "Ann", "mail_allowed": "no"}]}, SEND, "undecided"),
        ({**ALLOW, "contacts": [{"name": "mail to Ann is never allowed"}]}, SEND, "undecided"),
        ({**ALLOW, "known_risks": ["Mails that go to the wrong person"]}, SEND, "undecided"),
        ({**ALLOW, "notes": ["Checked by Ann in June"]}, SEND, "compliant"),
        ({**ALLOW, "trusted_vendors": ["Acme Office Supplies Ltd"]}, SEND, "undecided"),
        ({**ALLOW, "payees": ["Acme Office Supplies and Paper Ltd."]}, SEND, "compliant"),  # what is not read is about payments
        ({**ALLOW, "payees": ["Acme Office Supplies and Paper Ltd."], "default": "allow"}, node("send_money"), "undecided"),
        ({**ALLOW, "protected_files": ["Annual report march 2026.xlsx"]}, SEND, "undecided"),
        ({**ALLOW, "dangerous_commands": ["git push --force origin main"]}, SEND, "undecided"),
        ({**ALLOW, "spending": ["pay: 100 EUR per call"]}, SEND, "undecided"),
        ({**ALLOW, "restrictions": {"contacts": [{"name": "Ann", "email": "a@acme.com"}]}}, SEND, "undecided"),
        ({**ALLOW, "roles": {"clerk": {"people": [{"name": "Ann", "email": "a@acme.com"}]}}}, SEND, "undecided"),
        ({**ALLOW, "contacts": [{"email": "bob@evil.example", "department": "blocked"}]}, SEND, "undecided"),
        ({**ALLOW, "people": [{"name": "Bob", "mobile": "denied"}]}, SEND, "undecided"),
        ({**ALLOW, "staff": [{"name": "no Mallory"}]}, SEND, "undecided"),
        ({**ALLOW, "members": [{"name": "read_file", "number": 10}]}, SEND, "undecided"),
        ({**ALLOW, "blocked": {"contacts": [{"name": "Bob", "email": "bob@evil.example"}]}}, SEND, "undecided"),
        ({**ALLOW, "blocked": {"email": ["bob@evil.example"]}}, SEND, "undecided"),
        ({**ALLOW, "blocked": ["evil.com"]}, SEND, "undecided"),
        ({**ALLOW, "notes": ["Mail must not leave the house"]}, SEND, "undecided"),
        ({**ALLOW, "operations": [{"name": "send_mail", "parameters": {"limit": {"type": "int"}}}]}, SEND, "compliant"),
        ({**ALLOW, "operations": [{"name": "send_mail", "parameters": {"limit": {"type": "str"}}}]}, SEND, "violation"),
        ({"roles": {"chief": {"allowed_operations": ["send_mail"]}}}, SEND, "violation"),
        ({"roles": [{"name": "clerk", "allow": ["send_mail"]}]}, SEND, "compliant"),
        ({"allowed_operations": {"clerk": ["send_mail"]}, "roles": {"clerk": {}}}, SEND, "compliant"),
        ({**ALLOW, "scope_limits": {"send_mail.limit": 4}}, SEND, "violation"),
        ({**ALLOW, "scope_limits": {"send_mail.limit": 5}}, SEND, "compliant"),
        ({**ALLOW, "limits": {"send_mail": {"limit": 4}}}, SEND, "violation"),
        ({**ALLOW, "limits": {"max_limit": 4}}, SEND, "violation"),
        ({**ALLOW, "max_records": 4}, node("list_mail", scope_volume=5), "violation"),
        ({**ALLOW, "scope_limits": {"send_mail.to": 1}}, node("send_mail", arguments={"to": ["a@b.co", "c@d.co"]}), "violation"),
        ({**ALLOW, "scope_limits": {"send_mail.to": 1}}, node("send_mail", arguments={"to": "a@b.co"}), "compliant"),
        ({**ALLOW, "scope_limits": {"list_mail.limit": 50}}, node("list_mail", arguments={"limit": "all"}), "violation"),
        ({**ALLOW, "scope_limits": {"list_mail.limit": 50}}, node("list_mail", arguments={"Limit": 60}), "violation"),
        ({**ALLOW, "max_sensitivity": 2}, node("list_mail", scope_sensitivity=3), "violation"),
        ({**ALLOW, "allowed_domains": ["acme.com"]}, SEND, "compliant"),
        ({**ALLOW, "allowed_domains": ["acme.com"]}, node("send_mail", arguments={"to": "x@acme.com.evil.io"}), "violation"),
        ({**ALLOW, "allowed_domains": ["acme.com"]}, node("send_mail", arguments={"url": "http://acme.com@evil.io/x"}), "violation"),
        ({**ALLOW, "allowed_domains": ["acme.com"]}, node("send_mail", arguments={"body": "see x@evil.io"}), "compliant"),
        ({**ALLOW, "blocked_domains": ["*.io"]}, node("send_mail", arguments={"cc": "x@evil.io"}), "violation"),
        ({**ALLOW, "allowed_recipients": {"send_mail": ["b@acme.com"]}}, SEND, "violation"),
        ({**ALLOW, "provenance_requirements": {"send_mail": "partner"}}, node("send_mail", provenance_tier=3), "violation"),
        ({**ALLOW, "provenance_requirements": {"send_mail": "partner"}}, node("send_mail", provenance_tier=2), "compliant"),
        (
            {**ALLOW, "provenance_requirements": [{"operation": "send_mail", "max_tier": 1, "unless": "the request says so"}]},
            node("send_mail"),
            "undecided",
        ),
        ({**ALLOW, "rules": [{"operation": "send_mail", "constraints": {"to": {"max": 1}, "destination": {"max": 3}}}]}, SEND, "compliant"),
        ({**ALLOW, "rules": [{"operation": "send_mail", "constraints": {"destination": ["acme.com"]}}]}, SEND, "compliant"),
        ({**ALLOW, "trusted_sources_only": ["send_mail"]}, SEND, "violation"),
        ({**ALLOW, "requires_before": {"send_mail": "list_mail"}}, SEND, "violation"),
        ({**ALLOW, "explicit_request_required": ["send_mail"]}, SEND, "undecided"),
        ({**ALLOW, "rules": ["Be kind to customers at all times."]}, SEND, "undecided"),
        ({**ALLOW, "rules": [{"applies_to": ["list_mail"], "rule": "Only today's."}]}, SEND, "compliant"),
        ({**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "if": "limit > 4"}]}, SEND, "violation"),
        ({**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "if": "the moon is full"}]}, SEND, "undecided"),
        ({**ALLOW, "rules": [{"operation": "send_mail", "constraints": {"limit": {"max": 4}}}]}, SEND, "violation"),
        ({**ALLOW, "rules": [{"operation": "send_mail", "constraints": {"max_limit": 4}}]}, SEND, "violation"),
        ({"tools": {"send_mail": {"allowed": True, "input_schema": {"properties": {"limit": {"maximum": 4}}}}}}, SEND, "violation"),
        ({"tools": {"send_mail": {"allowed": True, "input_schema": {"properties": {"limit": {"maximum": 5}}}}}}, SEND, "compliant"),
        ({**ALLOW, "tools": {"send_mail": {"parameters": {"$ref": "#/x"}}}}, SEND, "undecided"),
        ({"Statement": [{"Effect": "Allow", "Action": "mail:Send*", "Resource": "*"}]}, node("mail_send_now"), "compliant"),
        ({"Statement": {"Effect": "Allow", "NotAction": "x:*"}}, SEND, "compliant"),
        (
            {"Statement": [{"Effect": "Allow", "Action": "*", "Condition": {"NumericLessThan": {"mail:limit": "5"}}}]},
            SEND,
            "violation",
        ),
        ({"Statement": [{"Effect": "Allow", "Action": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]}, SEND, "undecided"),
        ({"granted_scopes": ["mail.send"], "required_scopes": {"send_mail": ["mail.send", "mail"]}}, SEND, "compliant"),
        ({"granted_scopes": ["mail.read"], "required_scopes": {"send_mail": ["mail.send"]}}, SEND, "violation"),
        ({"granted_scopes": {"chief": ["mail.send"]}, "required_scopes": {"send_mail": ["mail.send"]}}, SEND, "violation"),
    ],
)  # fmt: skip
def test_what_a_policy_decides(policy: dict[str, Any], call: dict[str, Any], wanted: str) -> None:
    assert verdict(policy, call) == wanted


FAIL_CLOSED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    # denials that look like grants
    ({"forbidden_operations_by_role": {"clerk": ["send_mail"]}}, SEND),
    ({"role_restrictions": {"clerk": ["send_mail"]}}, SEND),
    ({"required_roles": {"clerk": ["send_mail"]}}, SEND),
    ({"allowed_regions": ["*"]}, SEND),
    ({"approved_by": ["send_mail"]}, SEND),
    ({"allowed_operations_for_admins": ["send_mail"]}, SEND),
    ({"allowed_operations_except": ["send_mail"]}, SEND),
    ({"dont_allow": ["send_mail"]}, SEND),
    ({"allowed_operations": ["*", "-send_mail"]}, SEND),
    ({"allowed_operations": ["!send_mail", "*"]}, SEND),
    ({**ALLOW, "allowed_users": ["bob"]}, SEND),
    ({"roles": {"chief": {"cedar": "permit(principal,action,resource);"}}}, SEND),
    ({"not_cedar": "permit(principal,action,resource);"}, SEND),
    ({"default": "allow unless risky"}, SEND),
    ({"default": "allow internal"}, SEND),
    ({"default_timezone": "permitted"}, SEND),
    ({"default_for_chief": "allow"}, SEND),
    ({"tools": {"default": "allow"}}, SEND),
    ({"not_granted_scopes": ["a"], "required_scopes": {"send_mail": ["a"]}}, SEND),
    # rules that must not vanish
    ({**ALLOW, "rules": [{"tool": "send_mail", "action": "deny"}]}, SEND),
    ({"rules": [{"effect": "allow", "tool": "send_mail", "actions": ["read"]}]}, SEND),
    ({**ALLOW, "rules": [{"effect": "deny", "name": "no-mail", "applies_to": ["send_mail"]}]}, SEND),
    ({**ALLOW, "rules": [{"effect": "block", "tool": "send_mail"}]}, SEND),
    ({**ALLOW, "rules": [{"effect": "require_approval", "tool": "send_mail"}]}, SEND),
    ({**ALLOW, "rules": [{"effect": None, "tool": "send_mail"}]}, SEND),
    ({"rules": [{"effect": "allow", "decision": "deny", "tool": "send_mail"}]}, SEND),
    ({"rules": [{"effect": "allow", "tool": "send_mail", "rule": "Only to colleagues, never outside."}]}, SEND),
    ({**ALLOW, "rules": [{"description": "Never send mail to anyone."}]}, SEND),
    ({**ALLOW, "description": "Sending mail is forbidden for clerks."}, SEND),
    ({**ALLOW, "forbidden_operations": ["sending mail to customers"]}, SEND),
    ({**ALLOW, "forbidden_operations": ["list_mail, send_mail"]}, SEND),
    ({**ALLOW, "forbidden_operations": "list_mail,send_mail"}, SEND),
    ({**ALLOW, "forbidden_operations": "all"}, SEND),
    ({**ALLOW, "forbidden_operations": {"send_mail": "yes"}}, SEND),
    ({**ALLOW, "forbidden_operations": {"send_mail": None}}, SEND),
    ({"tools": {"send_mail": {"allowed": True, "roles": ["chief"]}}}, SEND),
    ({"tools": {"send_mail": {"allowed": True, "enabled": False}}}, SEND),
    ({"tools": {"send_mail": {"allowed": "no"}}}, SEND),
    ({"rules": [{"effect": "allow", "tool": "send_mail", "roles": []}]}, SEND),
    ({**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "roles": "clerk, lead"}]}, SEND),
    ({**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "roles": ["!chief"]}]}, SEND),
    ({**ALLOW, "roles": {"all": {"deny": ["send_mail"]}}}, SEND),
    ({**ALLOW, "roles": {"r1": {"name": "clerk", "deny": ["send_mail"]}}}, SEND),
    ({**ALLOW, "roles": {"clerk": {"inherits": "a", "extends": "staff"}, "staff": {"deny": ["send_mail"]}}}, SEND),
    # names that only look different
    ({"default": "allow", "forbidden_operations": ["send_mail"]}, node("send*mail")),
    ({"default": "allow", "forbidden_operations": ["send_mail"]}, node("Send?Mail")),
    ({"default": "allow", "scope_limits": {"send_mail.limit": 4}}, node("send_mail", arguments={"limit*": 5})),
    # requirements
    ({**ALLOW, "blocked_domains": "acme.com"}, SEND),
    ({**ALLOW, "egress": {"blocked": ["acme.com"]}}, SEND),
    ({**ALLOW, "max_sensitivity": {"send_mail": 1}}, {**SEND, "scope_sensitivity": 5}),
    ({**ALLOW, "max_data_sensitivity": 1}, {**SEND, "scope_sensitivity": 5}),
    ({**ALLOW, "limits": {"send_mail": {"limit": {"max": 4}}}}, SEND),
    ({**ALLOW, "limits": {"send_mail": {"min_limit": 6}}}, SEND),
    ({**ALLOW, "scope_limits": {"clerk": {"limit": 4}}, "roles": {"clerk": {}}}, SEND),
    ({**ALLOW, "max_limit": 4}, SEND),
    ({**ALLOW, "provenance_requirements": {"max_tier": 1}}, SEND),
    ({**ALLOW, "provenance_requirements": {"all": "internal"}}, SEND),
    ({**ALLOW, "provenance_requirements": {"send_mail": "not public"}}, SEND),
    ({**ALLOW, "blocked_sources": ["external"]}, SEND),
    ({**ALLOW, "requires_before": {"send_mail": ["approve", "verify"]}}, SEND),
    ({**ALLOW, "explicit_request_required": "yes"}, SEND),
    # conditions of denials
    (
        {**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "when": {"destination": "evil.com"}}]},
        node("send_mail", arguments={"to": ["a@acme.com", "b@evil.com"]}),
    ),
    (
        {**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "when": {"to": {"in": ["b@evil.com"]}}}]},
        node("send_mail", arguments={"to": ["a@acme.com", "b@evil.com"]}),
    ),
    (
        {**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "when": {"limit": {">": 3}}}]},
        node("send_mail", arguments={"limit": "all"}),
    ),
    (
        {**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "when": {"limit": 5}}]},
        node("send_mail", arguments={"limit": "5"}),
    ),
    (
        {**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "when": {"kind": "admin"}}]},
        node("send_mail", arguments={"kind": " \u0430dmin "}),
    ),
    ({**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "when": {"approved": {"!=": True}}}]}, SEND),
    (
        {
            **ALLOW,
            "rules": [{"effect": "deny", "tool": "send_mail", "when": [{"field": "limit", "op": ">", "value": 3}]}],
        },
        SEND,
    ),
    ({**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "when": {"arguments.limit": 5}}]}, SEND),
    ({**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "when": {"user_role": "clerk"}}]}, SEND),
    ({**ALLOW, "rules": [{"effect": "deny", "tool": "send_mail", "constraints": {"limit": {"max": 3}}}]}, SEND),
    # statements
    (
        {
            "Statement": [
                {"Effect": "Allow", "Action": "*"},
                {"Effect": "Deny", "Action": "*", "Condition": {"StringNotEquals": {"aws:username": "boss"}}},
            ]
        },
        SEND,
    ),
    (
        {
            "Statement": [
                {"Effect": "Allow", "Action": "*"},
                {"Effect": "Deny", "Action": "*", "Condition": {"StringNotEquals": {"mail:mode": "draft"}}},
            ]
        },
        SEND,
    ),
    ({"Statement": [{"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "effect": "Allow", "Action": "*"}]}, SEND),
    ({"Statement": [{"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "Action": "send_mail,list_mail"}]}, SEND),
    (
        {"Statement": [{"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "Action": "*", "Resource": "arn:evil"}]},
        node("send_mail", arguments={"resource": "arn:ok", "target": ["ARN:evil"]}),
    ),
]


@pytest.mark.parametrize(("policy", "call"), FAIL_CLOSED)
def test_what_is_misread_easily_is_never_compliant(policy: dict[str, Any], call: dict[str, Any]) -> None:
    assert verdict(policy, call) != "compliant"


@pytest.mark.parametrize(
    "arguments",
    [
        {"to": "bob@acme.com@evil.com"}, {"to": "bob@acme.com, evil.com"}, {"to": "bob@acme.com\nBcc: eve@evil.com"},
        {"url": "evil.com/path?x=bob@acme.com"}, {"url": "https://evil.com\\@acme.com/"}, {"to": "eve%evil.com@acme.com"},
        {"to": {"eve@evil.com": 1}}, {"recipients": [{"id": "eve@evil.com"}]}, {"host": 167772161}, {"page": "https://evil.com/x"},
        {"to": "bob@\u0430cme.com"}, {"to": "bob@acm\u00e9.com"}, {"to": "bob@ac\u200bme.com"}, {"url": "http://acme.com.evil.com"},
    ],
)  # fmt: skip
def test_no_way_around_a_list_of_destinations(arguments: dict[str, Any]) -> None:
    assert (
        verdict({"default": "allow", "allowed_domains": ["acme.com"]}, node("send_mail", arguments=arguments))
        != "compliant"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"to": "eve@mail.evil.com"}, {"host": "evil.com:443"}, {"url": "evil.com/x"}, {"url": "//evil.com"}, {"host": "evil.com."},
        {"url": "https:/evil.com"}, {"url": "https:\\\\evil.com"}, {"host": "evil\u3002com"}, {"host": "evil%2ecom"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("pattern", ["evil.com", " EVIL.com. ", "https://evil.com/*", ".evil.com", "@evil.com"])
def test_no_way_around_a_list_of_blocked_destinations(arguments: dict[str, Any], pattern: str) -> None:
    policy = {"default": "allow", "blocked_domains": [pattern]}
    assert verdict(policy, node("send_mail", arguments=arguments)) != "compliant"


def test_honest_destinations_pass() -> None:
    policy = {"default": "allow", "allowed_domains": ["acme.com", "*.acme.com"], "blocked_domains": ["evil.com"]}
    for arguments in (
        {"to": ["a@acme.com", "b@mail.acme.com"]}, {"to": "a@acme.com; b@acme.com"}, {"url": "https://www.acme.com:443/x?y=1#z"},
        {"url": "acme.com/path"}, {"to": "<a@acme.com>"}, {"body": "write to eve@evil.com"},
    ):  # fmt: skip
        assert verdict(policy, node("send_mail", arguments=arguments)) == "compliant", arguments


def test_grants_go_by_the_exact_role() -> None:
    policy = {"roles": {"clerk": {"allow": ["send_mail"], "deny": ["list_mail"]}}, "allowed_operations": ["list_mail"]}
    assert verdict(policy, SEND, role="clerk") == "compliant"
    assert verdict(policy, SEND, role="\u0441lerk") == "violation"
    assert verdict(policy, node("list_mail"), role="Clerk") == "violation"


def test_numbers_that_are_too_long_are_refused() -> None:
    from gatling.errors import InputError

    with pytest.raises(InputError, match="an integer of 16610 bits"):
        verdict({"default": "allow"}, node("send_mail", arguments={"limit": 10**5000}))
    with pytest.raises(InputError, match="bits"):
        read({"max_records": 10**5000})
    deep: dict[str, Any] = {}
    for _ in range(3_000):
        deep = {"access": deep}
    with pytest.raises(InputError, match="nested deeper"):
        read(deep)


def test_requests_decide_where_they_are_known() -> None:
    policy = {**ALLOW, "explicit_request_required": ["send_mail"]}
    context, calls = parse_context({"policy": policy, "user_role": "clerk"}), parse_plan(plan(SEND))
    oracle = Oracle(read(policy))
    assert oracle.judge(context, calls, asked=Asked(frozenset({"n1"}))).verdict == "compliant"
    found = oracle.judge(context, calls, asked=Asked(frozenset()))
    assert found.violations[0].clause.path == ("explicit_request_required", 0)  # type: ignore[union-attr]


def test_what_must_come_before_is_found_through_hops() -> None:
    policy = {"default": "allow", "requires_before": {"send_mail": "approve"}}
    nodes = [node("approve", "a"), node("format", "b"), node("send_mail", "c")]
    assert judge(policy, plan(*nodes, edges=[["a", "b"], ["b", "c"]])).verdict == "compliant"
    assert judge(policy, plan(*nodes, edges=[["a", "b"]])).verdict == "violation"


def test_counts_are_of_the_whole_plan() -> None:
    policy = {**ALLOW, "scope_limits": {"delete_mail.per_request": 2}}
    nodes = [node("delete_mail", f"n{i}") for i in range(3)]
    assert verdict(policy, *nodes[:2]) == "compliant"
    assert verdict(policy, *nodes) == "violation"


def test_a_violation_says_where_what_and_why() -> None:
    text = "allowed_operations: [list_mail]\nscope_limits:\n  list_mail.limit: 50\n"
    source = parse_policy(text)
    context = parse_context({"policy": source.data, "user_role": "clerk"})
    call = parse_plan(plan(node("list_mail", arguments={"limit": 10000})))
    found = Oracle(read(source)).judge(context, call).violations[0]
    assert (found.node_id, found.argument, found.wanted, found.found) == ("n1", "limit", "limit <= 50", "10000")
    assert found.clause is not None
    assert found.clause.line == 3
    assert str(found) == 'n1.limit: scope_limits["list_mail.limit"] (line 3) wants limit <= 50, found 10000'


def test_cedar_policies_go_to_the_engine() -> None:
    pytest.importorskip("cedarpy")
    text = """
    permit(principal in Role::"clerk", action == Action::"send_mail", resource) when { context.arguments.limit <= 5 };
    forbid(principal, action, resource) when { context.provenance_tier > 2 };
    """
    policy = {"cedar": text}
    assert verdict(policy, {**SEND, "provenance_tier": 1}) == "compliant"
    assert verdict(policy, SEND) == "violation"
    assert verdict(policy, {**SEND, "provenance_tier": 1}, role="chief") == "violation"
    assert verdict({"cedar": "permit nonsense"}, SEND) == "undecided"
    without = {**SEND, "arguments": {}, "provenance_tier": 1}
    assert verdict(policy, without) == "undecided"  # the permit errs on the missing argument


def test_lines_of_json_and_yaml_agree() -> None:
    json_text = '{\n "a": 1,\n "b": [\n  {"c": "x:\\"{"},\n  2]\n}'
    yaml_text = 'a: 1\nb:\n  - c: "x"\n  - 2\n'
    assert parse_policy(json_text).lines == {
        (): 1, ("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 0, "c"): 4, ("b", 1): 5,
    }  # fmt: skip
    assert parse_policy(yaml_text).lines == {
        (): 1, ("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 0, "c"): 3, ("b", 1): 4,
    }  # fmt: skip


BAD = """\
allowed_operations: [read_mail, send_mail, delete_mail]
forbidden_operations:
  - delete_mail
  - purge_*
  - purge_all
scope_limits:
  send_mail.limit: 50
  archive.limit: 10
  read_mail.limit: 0
  send_mail: {limit: 100}
roles:
  clerk: {inherits: staff}
rules:
  - Mail goes only to colleagues.
"""


def test_lint_names_what_is_wrong_and_where() -> None:
    found = {(f.kind, f.line) for f in lint(read(parse_policy(BAD)))}
    assert found == {
        ("contradiction", 1), ("shadowed", 5), ("never_matches", 8), ("unsatisfiable", 9), ("shadowed", 10),
        ("unknown_role", 12), ("prose", 14),
    }  # fmt: skip


def test_lint_lists_what_nobody_reads() -> None:
    found = lint(read(parse_policy("allowed_operations: [a]\nannex: {a: 1}\nlimits: {list_b.limit: 3}\n")))
    assert [(f.kind, f.path, f.line) for f in found] == [
        ("unrecognised", "annex", 2)
    ]  # and is silent on what may be there


def test_sections_of_rules_are_read() -> None:
    rules = read({"sections": [{"section": "Mail", "rules": [{"id": "P1", "rule": "Be brief in every mail."}]}]})
    assert rules.unrecognised == ()
    assert [c.path for c in rules.clauses] == [("sections", 0, "rules", 0)]


@pytest.mark.parametrize(
    "text",
    [
        "Acme Trading House Limited",
        "git push --force origin main",
        "/srv/payroll data for the year",
        "wipe the whole disk",
    ],
)
def test_names_and_commands_of_several_words_are_no_prose(text: str) -> None:
    assert [u.path for u in read({**ALLOW, "sanctioned": [text]}).unrecognised] == [("sanctioned",)]
    assert read({**ALLOW, "house_style": ["Every answer should be brief."]}).unrecognised == ()


def test_lint_of_a_sound_policy_is_empty() -> None:
    policy = {**ALLOW, "forbidden_operations": ["drop_*"], "scope_limits": {"list_mail.limit": 5}, "default": "deny"}
    assert lint(read(policy)) == []


def test_lint_knows_the_tools_there_are() -> None:
    found = lint(read({"allowed_operations": ["send_mial", "list_*"]}), known_tools=["send_mail", "list_mail"])
    assert [f.message for f in found] == ["send_mial names no tool of the catalogue; did you mean send_mail?"]


def test_hostile_policies_take_linear_time() -> None:
    policy: dict[str, Any] = {
        "forbidden_operations": ["*" + "a" * 4_000 + "b"] + ["*a" * 300 + "b"] * 50,
        "allowed_operations": [f"t{i}" for i in range(20_000)],
        "requires_before": {"go": "approve"},
        "scope_limits": {"go.per_request": 10_000},
    }
    assert verdict(policy, node("a" * 1_000)) == "violation"  # a longer name is refused
    nodes = [node("go", f"n{i}") for i in range(2_000)]
    edges = [[f"n{i}", f"n{j}"] for j in range(2_000) for i in range(max(0, j - 16), j)]
    assert judge(policy, plan(*nodes, edges=edges)).verdict == "violation"
    assert lint(read(policy))
    loop = {"roles": {"a": {"inherits": "b"}, "b": {"inherits": "a"}}, "allowed_operations": ["x"]}
    assert verdict(loop, node("x"), role="a") == "compliant"
