"""What a tool does: concluded from its name, HTTP method, permissions and parameter names.

Never from its description, which is prose that anyone may have written.

In each table the first rule that applies decides; its name and the words that decided are the evidence.

effect, the worst that a call does

| rule | effect |
| --- | --- |
| HTTP GET or HEAD | read |
| HTTP DELETE | delete |
| a permission that ends in `readonly` or `read` suffices, and the verb is none of deleting, sending or granting | read |
| a changing verb of the name beside a word of access (`set ... policy`, `add ... role`), or in a domain of it (`iam`) | admin |
| the verb is grant, revoke, assume, impersonate | admin |
| the verb of the name, by `VERBS` | as the table says |
| HTTP POST, PUT, PATCH | write |
| nothing is known | write |

sensitivity, what is touched: the highest level that a word of the name has in `WORDS`; else of the domain; else of the
parameters; else 2.

| level | such as |
| --- | --- |
| 5 critical | password, secret, vault, iam, payroll, patient, wire |
| 4 restricted | payment, account, user, database, backup, audit, contract |
| 3 internal | message, file, calendar, customer, order, ticket |
| 2 ordinary | all else |
| 1 public | weather, news, map, timezone |

privilege, the standing that a caller needs

| rule | privilege |
| --- | --- |
| effect admin | 5 |
| effect delete | 4, or 3 where sensitivity is at most 2 |
| effect send | 3, or 4 where sensitivity is at least 4 |
| effect write | 2, or 3 where sensitivity is at least 4 |
| effect read | 1 where sensitivity is 1, 2 up to 4, 3 at 5 |
| every permission speaks of administration, and something is changed | at least 4 |

limit_parameter: the first of `LIMITS` that is the name of a numeric parameter (`maxResults` is `max results`).

leaves_organisation

| rule | leaves |
| --- | --- |
| effect read | no |
| the domain is a queue, a bus or a log | no |
| the verb hands something out (`OUTSIDE_VERBS`) | yes |
| a parameter names somebody to receive it (`OUTSIDE_PARAMETERS`) | yes |
| the name speaks of public, external, guest, anyone | yes |
| nothing points outside | no |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gatling.schema.arguments import LIMITS
from gatling.schema.words import split_words
from gatling.tools.spec import Parameter, ToolSpec

# Verbs that are hardly ever nouns: of several in a name, the leftmost of these decides. `list` is one only where it is the
# first or the last word: a `pickListCreate` creates.
_PLAIN_VERBS = {
    "read": "get list search find read fetch describe lookup retrieve browse inspect verify validate test preview "
    "calculate compute estimate compare analyze detect poll suggest recommend track is has can does autocomplete "
    "translate summarize resolve annotate predict wait evaluate diagnose simulate troubleshoot rank classify extract "
    "render download explain decrypt scan watch enumerate locate identify count geocode ping listen visit navigate goto "
    "display peek see grep tail whois",
    "delete": "delete remove destroy purge wipe drop terminate erase trash clear deregister delist unpublish expire kill "
    "abort empty discard disassociate dissociate cancel deactivate disable decommission uninstall evict undeploy "
    "unregister expunge invalidate deprovision disconnect",
    "send": "send forward reply publish notify invite tweet broadcast remit export reimburse respond remind",
    "write": "create update add insert put set write edit modify save upload register enable start stop run execute make "
    "apply attach detach associate assign move copy rename import generate configure activate launch deploy change "
    "reboot restart rotate resume pause submit approve reject confirm complete close reopen archive unarchive merge "
    "commit patch replace restore book reserve schedule reschedule subscribe unsubscribe buy sell purchase trade adjust "
    "increase decrease lock unlock arm disarm mark unmark pin unpin unlink accept decline renew extend encrypt "
    "sign place append provision allocate adopt toggle turn install upgrade push pull convert split join leave "
    "follow unfollow like unlike bind unbind begin end finish undelete migrate redeem deposit withdraw clone fork "
    "tag untag dismiss acknowledge escalate open play skip ingest mutate suspend invoke revert failover switchover "
    "train snooze finalize initialize reload resize duplicate trigger enroll defer retry refresh issue swap pair "
    "batchupdate batchinsert custombatch checkout mute unmute",
}
# Nouns as often as verbs: they decide only where no plain verb stands, the first word before the last before the rest.
_NOUN_VERBS = {
    "read": "list query check view show quote",
    "delete": "void reset",
    "send": "post share transfer pay call dial text message sms email wire mail refund dispatch payout page fax comment rsvp",
    "write": "order request release process sync control transition hire onboard offboard promote rollback ban claim scale",
}
# A name without any verb that ends in one of these asks for it.
READ_NOUNS = frozenset(
    "status state history logs details info information summary balance forecast weather reports reviews "
    "stats statistics quality availability positions schema headlines alerts news map metrics inbox slots".split()
)
VERBS: dict[str, str] = {verb: effect for effect, verbs in _PLAIN_VERBS.items() for verb in verbs.split()}
NOUN_VERBS: dict[str, str] = {verb: effect for effect, verbs in _NOUN_VERBS.items() for verb in verbs.split()}

_OPENED = frozenset(
    "web webpage page browser url link site website file document doc attachment mail email message msg inbox letter note folder "
    "tab".split()
)
ADMIN_VERBS = frozenset("grant revoke impersonate elevate assume authorize deauthorize sudo".split())
ACCESS_WORDS = frozenset(
    "permission permissions role roles acl acls iam access credential credentials mfa admin admins administrator "
    "password delegate delegates privilege privileges entitlement member members membership memberships collaborator recovery "
    "firewall".split()
)
ACCESS_DOMAINS = frozenset("iam sso identity identitystore cloudidentity".split())
POLICY_VERBS = frozenset("set put attach detach apply replace".split())


OUTSIDE_VERBS = frozenset(
    "send forward reply publish share invite tweet post pay wire remit email call dial text sms transfer mail fax "
    "broadcast export payout refund page".split()
)
OUTSIDE_PARAMETERS = frozenset(
    "to|cc|bcc|recipient|recipients|to email|recipient email|webhook|webhook url|callback url|payee|"
    "beneficiary|beneficiary iban|iban|to account|to number|invitees|"
    "attendees|share with|notification url".split("|")
)
OUTSIDE_WORDS = frozenset("public external guest anyone everyone outside partner".split())
INSIDE_DOMAINS = frozenset("sqs queue queues pubsub kinesis eventbridge logs logging".split())

_WORDS = {
    5: "password passwords passwd secret secrets credential credentials kms iam mfa otp sts vault payroll salary salaries "
    "patient patients medical health healthcare diagnosis prescription prescriptions pharmacy ssn passport wire wallet "
    "crypto seed tax encryption decrypt impersonate sudo root cloudkms secretmanager secretsmanager biometric",
    4: "payment payments pay account accounts user users database databases db backup backups audit contract contracts bank "
    "banking card cards invoice invoices billing refund payout transaction transactions employee employees hr legal "
    "security organization organizations admin role roles policy permission permissions token tokens certificate "
    "certificates instance instances cluster clusters snapshot snapshots dns trade stock portfolio insurance claim claims "
    "directory cognito identity rds dynamodb redshift sqladmin guardduty cloudtrail donor shell terminal ssh vehicle alarm",
    3: "message messages mail email emails inbox draft drafts thread threads file files document documents doc docs folder "
    "calendar event events contact contacts customer customers order orders ticket tickets lead leads deal deals task "
    "tasks project projects repository branch note notes chat channel sheet sheets spreadsheet drive form forms "
    "response responses member members group groups object objects bucket buckets table tables log logs job jobs queue "
    "photo photos location course courses student booking reservation camera",
    1: "weather forecast news map maps timezone holiday holidays dictionary encyclopedia translate translation translations "
    "webfonts civicinfo exchange airport airports recipe recipes horoscope trivia",
}  # fmt: skip
WORDS: dict[str, int] = {word: level for level, words in _WORDS.items() for word in words.split()}

# Parameters are called so for paging, options and the caller's own account.
_NOT_OF_PARAMETERS = frozenset("token tokens encryption user users account accounts".split())

_READ_SCOPE = re.compile(r"(^|[./:_\-])(readonly|read)$")
_ADMIN_SCOPE = re.compile(r"admin", re.IGNORECASE)
_DOTS = re.compile(r"[./]")


@dataclass(frozen=True, slots=True)
class Derived:
    """The derived fields of a ToolSpec, by their names there."""

    effect: str
    privilege: int
    limit_parameter: str | None
    leaves_organisation: bool
    sensitivity: int
    evidence: tuple[tuple[str, str], ...]


def derive(
    name: str,
    *,
    domain: str,
    parameters: Sequence[Parameter] = (),
    permissions: Sequence[str] = (),
    http_method: str = "",
    prefix: str = "",
) -> Derived:
    """Apply every rule of this file's header.

    Args:
        http_method: upper case; empty where there is none.
        prefix: what the name starts with that says nothing about the action, such as an AWS tool's service.
    """
    action = name.removeprefix(prefix)
    effect, why_effect = effect_of(action, domain=domain, http_method=http_method, permissions=permissions)
    sensitivity, why_sensitivity = sensitivity_of(action, domain=domain, parameters=parameters)
    privilege, why_privilege = privilege_of(effect, sensitivity, permissions)
    limit, why_limit = limit_of(parameters)
    leaves, why_leaves = leaves_of(action, effect=effect, domain=domain, parameters=parameters)
    evidence = (
        ("effect", why_effect),
        ("privilege", why_privilege),
        ("limit_parameter", why_limit),
        ("leaves_organisation", why_leaves),
        ("sensitivity", why_sensitivity),
    )
    return Derived(effect, privilege, limit, leaves, sensitivity, evidence)


def make_tool(
    name: str,
    *,
    domain: str,
    vendor: str,
    description: str,
    parameters: tuple[Parameter, ...],
    permissions: tuple[str, ...] = (),
    returns: str = "",
    http_method: str = "",
    prefix: str = "",
) -> ToolSpec:
    """Return a tool with what its source states as given, and the rest derived."""
    derived = derive(
        name,
        domain=domain,
        parameters=parameters,
        permissions=permissions,
        http_method=http_method,
        prefix=prefix,
    )
    return ToolSpec(
        name=name,
        domain=domain,
        vendor=vendor,
        description=description,
        parameters=parameters,
        permissions=permissions,
        effect=derived.effect,
        privilege=derived.privilege,
        limit_parameter=derived.limit_parameter,
        returns=returns,
        leaves_organisation=derived.leaves_organisation,
        sensitivity=derived.sensitivity,
        evidence=derived.evidence,
    )


def verb_of(name: str) -> tuple[str, str] | None:
    """Return the verb of a tool's name and its effect, or None.

    The last dotted part is asked first: the verb of `gmail.users.messages.list` is `list`.
    """
    for part in (_DOTS.split(name)[-1], name):
        words = split_words(part)
        for word in words:
            if word in ADMIN_VERBS:
                return word, "admin"
            if word in VERBS and (word != "list" or word in (words[0], words[-1])):
                return word, VERBS[word]
        for word in [*words[:1], *words[-1:], *words]:
            if word in NOUN_VERBS:
                return word, NOUN_VERBS[word]
        if words[-1:] and words[-1] in READ_NOUNS:
            return words[-1], "read"
    return None


def effect_of(
    name: str, *, domain: str = "", http_method: str = "", permissions: Sequence[str] = ()
) -> tuple[str, str]:
    """Return the effect and its evidence."""
    if http_method in ("GET", "HEAD"):
        return "read", f"method: {http_method}"
    if http_method == "DELETE":
        return "delete", "method: DELETE"
    verb = verb_of(name)
    scope = next((p for p in permissions if _only_reads(p)), None)
    if scope and not (verb and verb[1] in ("delete", "send", "admin")):
        return "read", f"scope: {scope} suffices"
    if verb and verb[0] == "open" and not _OPENED.isdisjoint(split_words(name)):
        return "read", "verb: open, of what is looked at"
    if verb and verb[1] != "read":
        words = split_words(name)
        access = next((w for w in words if w in ACCESS_WORDS), None)
        if access is None and verb[0] in POLICY_VERBS:
            access = next((w for w in words if w in ("policy", "policies")), None)
        if access is None:
            access = next((f"in {w}" for w in split_words(domain) if w in ACCESS_DOMAINS), None)
        if verb[1] == "admin" or access:
            return "admin", f"access: {verb[0]}" + (f" {access}" if access else "")
    if verb:
        return verb[1], f"verb: {verb[0]}"
    return "write", f"method: {http_method}" if http_method else "unknown: no verb of the table"


def _only_reads(permission: str) -> bool:
    return all(_READ_SCOPE.search(scope) for scope in permission.lower().split())


def sensitivity_of(name: str, *, domain: str, parameters: Sequence[Parameter] = ()) -> tuple[int, str]:
    """Return the sensitivity and its evidence."""
    sources = (("name", [name]), ("domain", [domain]), ("parameters", [p.name for p in parameters]))
    for source, texts in sources:
        known = [(WORDS[word], word) for text in texts for word in split_words(text) if word in WORDS]
        if source == "parameters":
            known = [(level, word) for level, word in known if level > 1 and word not in _NOT_OF_PARAMETERS]
        if known:
            level, word = max(known, key=lambda pair: pair[0])
            return level, f"{source}: {word}"
    return 2, "unknown: no word of the table"


def privilege_of(effect: str, sensitivity: int, permissions: Sequence[str] = ()) -> tuple[int, str]:
    """Return the privilege and its evidence."""
    if effect == "admin":
        level = 5
    elif effect == "delete":
        level = 3 if sensitivity <= 2 else 4
    elif effect == "send":
        level = 4 if sensitivity >= 4 else 3
    elif effect == "write":
        level = 3 if sensitivity >= 4 else 2
    else:
        level = 1 if sensitivity == 1 else 3 if sensitivity == 5 else 2
    if effect != "read" and level < 4 and permissions and all(_ADMIN_SCOPE.search(p) for p in permissions):
        return 4, f"scope: {permissions[0]} administers"
    return level, f"effect: {effect} at sensitivity {sensitivity}"


def limit_of(parameters: Sequence[Parameter]) -> tuple[str | None, str]:
    """Return the name of the limiting parameter and its evidence."""
    numeric = {" ".join(split_words(p.name)): p.name for p in parameters if p.type in ("integer", "number")}
    for limit in (*LIMITS, "quantity"):
        if limit in numeric:
            return numeric[limit], f"parameter: {limit}"
    return None, "parameter: none of the table"


def leaves_of(name: str, *, effect: str, domain: str, parameters: Sequence[Parameter] = ()) -> tuple[bool, str]:
    """Return whether data leaves the organisation, and its evidence."""
    if effect == "read":
        return False, "effect: read"
    inside = next((w for w in split_words(domain) if w in INSIDE_DOMAINS), None)
    if inside:
        return False, f"domain: {inside} stays inside"
    verb = verb_of(name)
    if verb and verb[0] in OUTSIDE_VERBS:
        return True, f"verb: {verb[0]}"
    for parameter in parameters:
        if " ".join(split_words(parameter.name)) in OUTSIDE_PARAMETERS:
            return True, f"parameter: {parameter.name}"
    word = next((w for w in split_words(name) if w in OUTSIDE_WORDS), None)
    if word:
        return True, f"name: {word}"
    return False, "nothing points outside"
