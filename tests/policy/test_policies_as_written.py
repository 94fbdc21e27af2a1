"""Policies as people write them, with the answer that each call should get, decided before any code was run on them.

Each row: a policy; what the strict reading says of it (`reads`, or a part of the refusal); calls with the answer of a guard
that reads it leniently: `allow`, `deny`, or `open` (a person should look). No critic has a say. A guard that reads strictly
gives the same answers where it reads, and denies everything where it does not. Wanted of all rows together: never an allow
that is not wanted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from gatling.energy.audit import PlanAuditor
from gatling.errors import InputError
from gatling.guard import Guard
from gatling.policy import parse_policy, recognise
from tests.builders import node, plan
from tests.energy.critics import made_up_calibration, made_up_critics

READS = ""
_BIG = 1e9


class Row(NamedTuple):
    policy: str
    refusal: str
    """What is in the sentence that refuses it; empty where it is read."""
    calls: dict[str, str]
    """Answers by call, such as `pay amount=5`."""


def _value(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)


def _call(text: str) -> dict[str, Any]:
    """`pay amount=5 to=a@b.co`: a tool and its arguments, each in YAML without spaces."""
    tool, *arguments = text.split()
    return node(tool, arguments={k: _value(v) for k, _, v in (a.partition("=") for a in arguments)}, provenance_tier=1)


ROWS = [
    # --- slips of the pen, and other words for the keys --------------------------------------------------------------------
    Row(
        "allowed_operations: ['*']\nforbiden_operations: [delete_file]",
        "2: forbiden_operations: unknown key forbiden_operations in a policy; did you mean forbidden_operations?",
        {"delete_file": "open", "fs.delete_file": "open", "read_file": "allow", "write_file": "allow"},
    ),
    Row(
        "allowed_operations: [send_money, read_file]\nscope_limit: {send_money.ammount: 100}",
        "did you mean scope_limits?",
        {"send_money amount=5000": "open", "send_money amount=50": "allow", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: ['*']\ndisabled_tools: [bash]",
        "did you mean forbidden_operations?",
        {"bash": "open", "read_file": "allow", "send_mail": "allow"},
    ),
    Row(
        "allowed_operations: ['*']\nexcluded_tools: [drop_table, wipe_disk]",
        "did you mean forbidden_operations?",
        {"drop_table": "open", "wipe_disk": "open", "get_table": "allow"},
    ),
    Row(
        "allowed_operations: ['*']\nno_access: [payroll]",
        "did you mean forbidden_operations?",
        {"get_payroll": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [bash, read_file]\ndenied_commands: ['rm *', 'sudo *']",
        READS,
        {
            "bash command=ls": "allow",
            "bash command=rm": "deny",
            "bash command=frobnicate": "open",
            "read_file": "allow",
        },
    ),
    Row(
        "allowed_operations: [bash, read_file, shutdown]\nblocked_commands: [shutdown]",
        READS,
        {"bash command=shutdown": "deny", "bash command=ls": "allow", "shutdown": "deny", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [bash, read_file]\nbanned_commands: [shutdown]",
        "did you mean denied_commands?",
        {"bash command=shutdown": "deny", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [bash]\ndenied_commands: [Never run anything that must be run as root.]",
        "a sentence, and no pattern",
        {"bash command=ls": "open"},
    ),
    Row(
        "permissions: {allow: [list_bills, pay], deny: ['pay(*)']}",
        "did you mean allowed_operations?",
        {"pay amount=5": "open", "list_bills": "allow", "delete_bill": "deny"},
    ),
    Row(
        "allowedOperations: [read_file]",
        "did you mean allowed_operations?",
        {"read_file": "allow", "write_file": "deny"},
    ),
    Row(
        "allowed_operations: [read_file, pay]\nforbidden-operations: [pay]",
        "did you mean forbidden_operations?",
        {"read_file": "allow", "pay": "deny"},
    ),
    Row("allow: [read_file]\ndeny: [read_file]", "did you mean allowed_operations?", {"read_file": "deny"}),
    Row(
        "whitelist: [read_file]\nblacklist: [delete_file]",
        "did you mean",
        {"read_file": "allow", "delete_file": "deny", "send_mail": "deny"},
    ),
    Row(
        "allowed_operations: [pay, read_file]\nmax_spend: 300",
        "unknown key max_spend",
        {"pay amount=500": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [checkout, get_total, read_file]\nconstraints: {checkout.total: {max: 300}}",
        "did you mean scope_limits?",
        {"checkout total=500": "deny", "checkout total=200": "allow", "get_total": "allow", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [pay, list_bills]\npayment_rules_v2: {pay: {above: 100, who: boss}}",
        "unknown key payment_rules_v2",
        {"pay amount=5": "open", "list_bills": "allow"},
    ),
    Row(
        "allowed_operations: [send_mail, read_mail, archive_mail]\nbusiness_hours: 9-17",
        "unknown key business_hours",
        {"send_mail": "open", "read_mail": "allow", "archive_mail": "open"},
    ),
    Row(
        "allowed_operations: [send_mail, read_mail]\nfrozen: true",
        "unknown key frozen",
        {"send_mail": "open", "read_mail": "allow"},
    ),
    Row(
        "allowed_operations: [send_mail, read_mail]\nstatus: suspended",
        "switched off",
        {"send_mail": "open", "read_mail": "allow"},
    ),
    Row(
        "allowed_operations: [send_mail, read_mail]\neffective: 2099-01-01",
        "time is not read",
        {"send_mail": "open", "read_mail": "allow"},
    ),
    Row(
        "allowed_operations: [send_mail, read_mail]\nenvironment: staging only",
        "one policy for each",
        {"send_mail": "open", "read_mail": "allow"},
    ),
    # --- members of a grant -----------------------------------------------------------------------------------------------
    Row(
        "allowed_operations:\n  - read_file\n  - {tool: pay, enabled: false}",
        "3: allowed_operations[1].enabled: unknown key enabled",
        {"pay": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations:\n  - read_file\n  - {tool: pay, expires: '2020-01-01'}",
        "time is not read",
        {"pay": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: {pay: {requires_approval: true}, read_file: true}",
        "explicit_request_required",
        {"pay": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: {pay: {status: suspended}, read_file: true}",
        "unknown key status",
        {"pay": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: {pay: {effective: 2099}, read_file: true}",
        "unknown key effective",
        {"pay": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [{tool: pay, limits: {amount: 5}}, read_file]",
        "unknown key limits",
        {"pay amount=50": "deny", "pay amount=5": "allow", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [{tool: pay, when: amount <= 50}]",
        READS,
        {"pay amount=50": "allow", "pay amount=51": "deny", "pay": "deny"},
    ),
    Row(
        "allowed_operations: [{tool: pay, when: the manager is in the office}]",
        "wanted an expression",
        {"pay amount=50": "open"},
    ),
    Row(
        "allowed_operations: [{tool: pay, require: {currency: {in: [EUR, USD]}}}]",
        READS,
        {"pay currency=EUR": "allow", "pay currency=BTC": "deny", "pay amount=5": "open"},
    ),
    Row(
        "allowed_operations: [pay]\nrules: [{tool: pay, require: {amount: {maximum_value: 5}}}]",
        "unknown key maximum_value",
        {"pay amount=3": "open"},
    ),
    Row(
        "allowed_operations: [pay, read_file]\nrules: [{tool: pay, effect: require_approval}]",
        "found require_approval, wanted allow or deny",
        {"pay": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [pay]\nrules: [{tool: pay, effect: deny, when: {amount: {'>': 500}}}]",
        READS,
        {
            "pay amount=600": "deny",
            "pay amount=400": "allow",
            "pay amount='5.000,00'": "deny",
            "pay amount=lots": "open",
        },
    ),
    Row(
        "allowed_operations: [pay]\nrules: [{tool: pay, require: {approved: true}}]",
        READS,
        {"pay approved=true": "allow", "pay approved=false": "deny", "pay amount=5": "open"},
    ),
    Row(
        "allowed_operations: [transfer]\nscope_limits: {transfer.account_id: [A1, A2]}",
        READS,
        {"transfer account_id=A1": "allow", "transfer account_id=A9": "deny", "transfer amount=5": "open"},
    ),
    # --- names that harm nobody -------------------------------------------------------------------------------------------
    Row(
        "assistant: repo-concierge\nentity: Marlowe Ceramics plc\nallowed_operations: [add_label, send_mail]",
        READS,
        {"add_label": "allow", "send_mail": "allow", "delete_repo": "deny"},
    ),
    Row(
        "role: HR operations assistant at Calder & Wray Ltd\nallowed_operations: [update_employee]",
        READS,
        {"update_employee": "allow"},
    ),
    Row(
        "policy_id: p1\nversion: 1.2\ndescription: What the desk may do\nowner: Ann Lee\nteam: Support\nbrand: Halyard Audio\n"
        "agent: desk-copilot\ntags: [support, eu]\nallowed_operations: [issue_refund]",
        READS,
        {"issue_refund": "allow", "delete_customer": "deny"},
    ),
    Row(
        "servers: [github, slack]\nallowed_operations: ['*']",
        "unknown key servers",
        {"github_create_issue": "allow", "send_mail": "allow"},
    ),
    Row(
        "building: North Wing\nallowed_operations: [send_mail]",
        "unknown key building",
        {"send_mail": "allow"},
    ),
    Row(
        "role: clerk\nallowed_operations: [send_mail, read_mail]",
        "stands under `roles`",
        {"send_mail": "allow"},
    ),
    Row(
        "metadata: {cost_centre: Nine}\nnotes: Checked by Ann\nallowed_operations: [send_mail]",
        READS,
        {"send_mail": "allow"},
    ),
    Row(
        "mail_footer: Best regards from Halyard\nallowed_operations: [send_mail, add_label]",
        "unknown key mail_footer",
        {"send_mail": "open", "add_label": "allow"},
    ),
    # --- limits and the shapes of values ----------------------------------------------------------------------------------
    Row(
        "allowed_operations: [send_money]\nscope_limits: {send_money.amount: 100}",
        READS,
        {
            "send_money amount=100": "allow",
            "send_money amount=101": "deny",
            "send_money amount='99'": "allow",
            'send_money amount={"value":5000,"currency":"EUR"}': "deny",
            'send_money amount={"value":50,"currency":"EUR"}': "allow",
            "send_money amount=[5000]": "deny",
            "send_money amount=[50]": "allow",
            "send_money amount='5.000,00'": "deny",
            "send_money amount='5,000.00'": "deny",
            "send_money amount=-1": "open",
            "send_money amount='{\"value\":5000}'": "deny",
            "send_money amount='5000EUR'": "deny",
            "send_money amount='50EUR'": "open",
            "send_money amount=all": "deny",
            "send_money amount={}": "allow",
            "send_money total=5000": "open",
            "send_money total=50": "allow",
            "send_money amount_cents=500000": "open",
            'send_money options={"amount":5000}': "open",
            "send_money ammount=5000": "open",
            "send_money to=a@b.co": "allow",
        },
    ),
    Row(
        "allowed_operations: [list_mail]\nscope_limits: {list_mail.limit: 50}",
        READS,
        {
            "list_mail limit=50": "allow",
            "list_mail limit=51": "deny",
            "list_mail limit=0": "open",
            "list_mail limit=-1": "open",
            "list_mail limit=true": "deny",
            'list_mail options={"limit":5000}': "open",
            "list_mail max_results=5000": "open",
            "list_mail maxResults=50": "allow",
            "list_mail": "allow",
        },
    ),
    Row(
        "allowed_operations: [send_mail]\nscope_limits: {send_mail.to: 2}",
        READS,
        {
            "send_mail to=[a@b.co,c@d.co]": "allow",
            "send_mail to=[a@b.co,c@d.co,e@f.co]": "deny",
            "send_mail to='a@b.co,c@d.co,e@f.co'": "deny",
        },
    ),
    Row(
        "allowed_operations: [addCollaborator]\nscope_limits: {addCollaborator.permission: [pull, push]}",
        READS,
        {
            "addCollaborator permission=pull": "allow",
            "addCollaborator permission=admin": "deny",
            "addCollaborator user=bob": "open",
            "addCollaborator permission=[pull,admin]": "deny",
        },
    ),
    Row(
        "allowed_operations: [provisionAccess]\nscope_limits: {provisionAccess.level: standard}",
        READS,
        {"provisionAccess level=standard": "allow", "provisionAccess level=admin": "deny", "provisionAccess": "open"},
    ),
    Row(
        "allowed_operations: [pay]\nscope_limits: {pay.amount: 50 EUR}",
        "wanted a number, a word",
        {"pay amount=500": "open"},
    ),
    Row(
        "allowed_operations: [pay]\nscope_limits: {pay: {amount: 50, times: 2}}",
        READS,
        {"pay amount=51": "deny", "pay amount=50": "allow"},
    ),
    Row(
        "allowed_operations: [pay]\nscope_limits: {pay.amount: {max: 50, min: 5}}",
        READS,
        {"pay amount=51": "deny", "pay amount=4": "deny", "pay amount=5": "allow", "pay": "open"},
    ),
    Row(
        "allowed_operations: [pay]\nscope_limits: {pay.amount: {maxmum: 50}}",
        "did you mean maximum?",
        {"pay amount=500": "open"},
    ),
    Row(
        "allowed_operations: [pay, read_file]\nspending_cap_v2: {pay.amount: {above: 100, ask: boss}}",
        "unknown key spending_cap_v2",
        {"pay amount=5": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [pay, read_file]\nscope_limits: {pay.amount: {above: 100}}",
        '2: scope_limits["pay.amount"].above: above is no argument of a call',
        {"pay amount=5": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [pay, read_file]\nscope_limits: {pay.amount: {biggest: 100}}",
        "the policy names no tool pay.amount, and biggest is no operator",
        {"pay amount=5": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [send_money, read_file]\nscope_limits: {send_money: 100}",
        READS,
        {"send_money amount=5000": "deny", "send_money total=5000": "open", "send_money amount=50": "allow"},
    ),
    Row(
        "allowed_operations: [send_money, read_file]\nscope_limits: {send_mony.amount: 100}",
        "send_mony is no tool that the policy grants; did you mean send_money?",
        {"read_file": "allow"},
    ),
    Row(
        "allowed_operations: [pay, read_file]\nrules: [{tool: pay, action: stop}]",
        "an effect or roles that are not read",
        {"pay": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [pay, read_file]\nrules: [{tool: pay}]",
        "a rule that says nothing of the tools it names",
        {"pay": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [pay]\nrules: [{tool: pay, effect: deny, when: {curency: BTC}}]",
        READS,
        {"pay currency=BTC": "open", "pay currency=EUR": "allow", "pay amount=5": "allow"},
    ),
    Row(
        "roles: {clerk: {inherits: stafff, allowed_operations: [pay]}, staff: {forbidden_operations: [pay]}}",
        "clerk inherits from stafff, which is no role here; did you mean staff?",
        {},
    ),
    Row(
        "roles: {clerk: [pay]}\nforbidden_operations: [{tool: pay, roles: [clrk]}]",
        "clrk is no role of this policy; did you mean clerk?",
        {},
    ),
    Row(
        "allowed_operations: [Bank.Pay, read_file]\nscope_limits: {Bank.Pay: {amount: 100}}",
        READS,
        {"Bank.Pay amount=100": "allow", "Bank.Pay amount=101": "deny", "read_file": "allow"},
    ),
    Row(
        "roles: {clerk: {allowed_operations: [Bank.Pay], scope_limits: {Bank.Pay: {amount: 100}}}}",
        READS,
        {"Bank.Pay amount=100": "allow", "Bank.Pay amount=101": "deny"},
    ),
    Row(
        "allowed_operations: [send_money, read_file]\nscope_limits: {send_money: {max: 100}}",
        READS,
        {"send_money amount=5000": "deny", "send_money amount=50": "allow", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [send_money, read_file]\nscope_limits: {payments: 100}",
        "the policy names no tool payments; grant it by name, or describe it under `tools`",
        {"send_money amount=5000": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [send_money, read_file]\nscope_limits: {managers: {amount: 100}}",
        "the policy names no tool managers",
        {"send_money amount=5000": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [send_money, read_file]\nscope_limits: {all: {amount: 100}}",
        READS,
        {"send_money amount=5000": "deny", "send_money amount=50": "allow", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [send_money, read_file]\nscope_limits: {max: 100}",
        "a number for all calls that does not say of what",
        {"send_money amount=5000": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [send_money, read_file]\nrules: ['amount <= 100']",
        "an expression; it belongs to a rule",
        {"send_money amount=5000": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [pay, read_file]\nscope_limits: {pay.per_day: 3}",
        "per_day is no argument of a call",
        {"pay amount=5": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [pay, read_file]\nscope_limits: {pay: {daily_amount: 300}}",
        "daily_amount is no argument of a call",
        {"pay amount=5": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [pay, read_file]\ndaily_limit: 300",
        "unknown key daily_limit",
        {"pay amount=5": "open", "read_file": "allow"},
    ),
    Row(
        "allowed_operations: [get_passwords, get_weather]\nmax_sensitivity: 2",
        READS,
        {"get_passwords": "open", "get_weather": "allow"},
    ),
    Row("allowed_operations: [pay]\nmax_sensitivity: high", "wanted a level, 1 to 5", {"pay": "open"}),
    # --- roles, destinations, provenance, order ---------------------------------------------------------------------------
    Row(
        "roles: {clerk: {allowed_operations: [read_file]}, boss: [read_file, pay]}",
        READS,
        {"read_file": "allow", "pay": "deny"},
    ),
    Row(
        "roles: {clerk: {alowed_operations: [read_file]}}",
        "1: roles.clerk.alowed_operations: unknown key",
        {"read_file": "open"},
    ),
    Row(
        "roles:\n  clerk: {allowed_operations: [read_file, pay], forbiden_operations: [pay]}",
        "2: roles.clerk.forbiden_operations",
        {"read_file": "allow", "pay": "open"},
    ),
    Row(
        "allowed_operations: [send_mail]\nallowed_domains: [acme.com]",
        READS,
        {"send_mail to=a@acme.com": "allow", "send_mail to=a@evil.com": "deny"},
    ),
    Row(
        "allowed_operations: [send_mail, read_mail]\nallowed_domain: [acme.com]",
        "did you mean allowed_domains?",
        {"send_mail to=a@evil.com": "deny", "read_mail": "allow"},
    ),
    Row(
        "allowed_operations: [send_mail]\nblocked_recipients: [eve@evil.com]",
        READS,
        {"send_mail to=a@acme.com": "allow", "send_mail to=eve@evil.com": "deny"},
    ),
    Row(
        "allowed_operations: [pay, verify]\nrequires_before: {pay: verify}",
        READS,
        {"pay": "deny", "verify": "allow"},
    ),
    Row(
        "allowed_operations: [pay, read_file]\nprovenance_requirements: {pay: trustworthy}",
        "wanted one of internal, system, user, partner",
        {"pay": "open", "read_file": "allow"},
    ),
    Row("allowed_operations: [pay]\ndefault: denny", "did you mean deny?", {"pay": "allow", "send_mail": "deny"}),
    Row("allowed_operations: [a b]", "a name, or a pattern", {"a": "open"}),
    Row("allowed_operations:", "found null, wanted a list of names and grants", {"send_mail": "deny"}),
    # --- other systems: only where they are named -------------------------------------------------------------------------
    Row(
        "Statement: [{Effect: Allow, Action: '*'}, {Effect: Deny, Action: delete_file}]",
        "say `format: iam`",
        {"read_file": "allow", "delete_file": "deny"},
    ),
    Row(
        "format: iam\nStatement: [{Effect: Allow, Action: '*'}, {Effect: Deny, Action: delete_file}]",
        READS,
        {"read_file": "allow", "delete_file": "deny"},
    ),
    Row(
        "format: iam\nStatement: [{Effect: Allow, Action: '*', Condition: {IpAddress: {'aws:SourceIp': 10.0.0.0/8}}}]",
        "2: Statement[0]: the condition IpAddress on aws:SourceIp is not read",
        {"read_file": "open"},
    ),
    Row(
        "granted_scopes: [mail.read]\nrequired_scopes: {send_mail: [mail.send], read_mail: [mail.read]}",
        "say `format: oauth`",
        {"read_mail": "allow", "send_mail": "deny"},
    ),
    Row(
        "format: oauth\ngranted_scopes: [mail.read]\nrequired_scopes: {send_mail: [mail.send], read_mail: [mail.read]}",
        READS,
        {"read_mail": "allow", "send_mail": "deny"},
    ),
    Row(
        "format: [oauth, iam]\nforbidden_operations: [wipe]\nStatement: {Effect: Allow, Action: '*'}",
        READS,
        {"wipe": "deny", "read_mail": "allow"},
    ),
    Row("format: k8s-rbac\nallowed_operations: [a]", "wanted one of gatling/1, cedar, iam, oauth", {"a": "allow"}),
    # --- prose belongs to the format, and is for the critics --------------------------------------------------------------
    Row(
        "allowed_operations: [send_mail]\nrules: [Keep mails short and factual.]\nnotes: [Reviewed in June]",
        READS,
        {"send_mail": "allow"},
    ),
    Row(
        "allowed_operations: [send_mail]\nsections: [{section: Mail, rules: [{id: M1, rule: Be brief in every mail.}]}]",
        READS,
        {"send_mail": "allow"},
    ),
    Row(
        "allowed_operations: [delete_file, read_file]\nnever_do: ['Files are never to be deleted.']",
        "did you mean forbidden_operations?",
        {"delete_file": "open"},
    ),
]


def _guard(*, is_strict: bool) -> Guard:
    calibration = made_up_calibration(line=_BIG)
    return Guard(PlanAuditor(made_up_critics(), calibration, is_strict_policy=is_strict), deadline_ms=None)


LENIENT, STRICT = _guard(is_strict=False), _guard(is_strict=True)
_ANSWERS = {"allow": "allow", "deny": "deny", "escalate": "open"}


def answer(guard: Guard, policy: str, call: str) -> str:
    context = {"policy": parse_policy(policy).data, "user_role": "clerk"}
    return _ANSWERS[guard.audit(context, plan(_call(call))).verdict]


CASES = [(row, call, wanted) for row in ROWS for call, wanted in row.calls.items()]


def test_there_are_enough_rows() -> None:
    assert len(ROWS) >= 60
    assert len(CASES) >= 120


@pytest.mark.parametrize(("row", "call", "wanted"), CASES, ids=lambda v: v if isinstance(v, str) else None)
def test_each_call_gets_the_answer_that_was_decided_before(row: Row, call: str, wanted: str) -> None:
    assert answer(LENIENT, row.policy, call) == wanted
    assert answer(STRICT, row.policy, call) == ("deny" if row.refusal else wanted)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.policy.replace("\n", " ")[:60])
def test_a_policy_is_read_whole_or_refused_with_a_sentence(row: Row) -> None:
    source = parse_policy(row.policy, file="policy.yaml")
    if not row.refusal:
        rules = recognise(source)
        assert rules.unrecognised == ()
        return
    with pytest.raises(InputError) as refused:
        recognise(source)
    assert row.refusal in str(refused.value)
    assert str(refused.value).startswith("policy.yaml:")
