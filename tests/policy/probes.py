"""Prohibitions, exceptions and conditions in unusual words, and documents of many notations that grant and say one of them somewhere.

Nobody can tell from its words alone which calls each of them is about: the call that it forbids is decided here, by a person.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from gatling.tools.derive import make_tool
from gatling.tools.spec import Parameter, ToolSpec

PARAMETERS = {
    "send_money": {"amount": "number", "to": "string", "currency": "string"},
    "read_file": {"path": "string"},
    "delete_file": {"path": "string"},
    "send_email": {"to": "string", "body": "string"},
}
NAMES = list(PARAMETERS)


def catalogue(parameters: dict[str, dict[str, str]]) -> dict[str, ToolSpec]:
    """Return tools with these parameters."""
    return {
        name: make_tool(
            name, domain="x", vendor="x", description="x", parameters=tuple(Parameter(n, t) for n, t in types.items())
        )
        for name, types in parameters.items()
    }


TOOLS = catalogue(PARAMETERS)
PAYMENT: tuple[str, dict[str, Any]] = (
    "send_money",
    {"amount": 1000, "to": "DE89370400440532013000", "currency": "BTC"},
)
DELETION: tuple[str, dict[str, Any]] = ("delete_file", {"path": "/legal/a"})
READING: tuple[str, dict[str, Any]] = ("read_file", {"path": "/hr/pay"})
MAIL: tuple[str, dict[str, Any]] = ("send_email", {"to": "a@press.example", "body": "The salary list of /hr"})
PROHIBITIONS = {
    "Never hand over crypto.": PAYMENT,
    "Wiring funds abroad is out of the question.": PAYMENT,
    "Payouts stop at 50.": PAYMENT,
    "No transfers above 50.": PAYMENT,
    "Ann must sign off anything that leaves the till.": PAYMENT,
    "Money only moves on weekdays.": PAYMENT,
    "Only the treasurer pays.": PAYMENT,
    "Clerks don't pay.": PAYMENT,
    "Payments: 0.": PAYMENT,
    "Cash is frozen until March.": PAYMENT,
    "Budget 50 EUR.": PAYMENT,
    "Don't touch money.": PAYMENT,
    "Disbursements need the CFO.": PAYMENT,
    "Recipients must be in the address book.": PAYMENT,
    "Remittances are suspended.": PAYMENT,
    "Nobody gets rid of anything below /legal.": DELETION,
    "Keep your hands off /legal.": DELETION,
    "Removing things takes two people.": DELETION,
    "Deletion is irreversible; ask first.": DELETION,
    "Refrain from erasing files.": DELETION,
    "Erasure is reserved for administrators.": DELETION,
    "Purging requires a ticket.": DELETION,
    "Legal documents stay where they are.": DELETION,
    "Salaries are confidential, nobody opens /hr.": READING,
    "/hr is private.": READING,
}
"""What `test_convert_remarks` puts beside grants."""
FURTHER = {
    # states and metaphors
    "The purse strings are tied.": PAYMENT,
    "Our coffers are sealed.": PAYMENT,
    "Bitcoin and friends are a no-go.": PAYMENT,
    "We bank in euros and nothing but euros.": PAYMENT,
    "Anything over fifty goes past Ann.": PAYMENT,
    "Four eyes on every outflow.": PAYMENT,
    "The till is untouchable.": PAYMENT,
    "Spending freeze in force.": PAYMENT,
    "Treasury alone moves funds.": PAYMENT,
    "Wires: treasury desk.": PAYMENT,
    "Transfers pending audit.": PAYMENT,
    "Zero tolerance for cash out.": PAYMENT,
    "Iban must match the supplier file.": PAYMENT,
    "Large sums go through the board.": PAYMENT,
    "Payouts resume in April.": PAYMENT,
    "Not a cent without Ann.": PAYMENT,
    # files
    "What is in /legal outlives us.": DELETION,
    "Retention period: ten years.": DELETION,
    "Litigation hold on /legal.": DELETION,
    "Shredding is Bob's job.": DELETION,
    "Records survive the quarter.": DELETION,
    "The archive is append-only.": DELETION,
    "Write once, read many.": DELETION,
    "Files die only by the hand of Bob.": DELETION,
    "Undeletable: /legal.": DELETION,
    "Cleaning up is for humans.": DELETION,
    "/legal is hallowed ground.": DELETION,
    "Two-person rule for removals.": DELETION,
    # reading
    "Eyes off payroll.": READING,
    "Pay data is between Ann and the employee.": READING,
    "HR folders are off the table.": READING,
    "Snooping in /hr gets you fired.": READING,
    "/hr/** needs clearance.": READING,
    "Personnel matters belong to HR.": READING,
    "Whoever opens /hr answers to Ann.": READING,
    "Payroll is nobody's business.": READING,
    # mail
    "The press hears from Ann, not from us.": MAIL,
    "Letters outside the house need a signature.": MAIL,
    "Mails leave at night after review.": MAIL,
    "What happens in /hr stays in /hr.": MAIL,
}
"""Of another kind: states, metaphors, owners, retention, conditions without a word of a rule."""


def _toml_key(said: str, names: list[str] = NAMES) -> str:
    grants = "".join(f'{name} = "yes"\n' for name in names)
    return f"[clerk]\n{grants}{json.dumps(said)} = true\n"


def _toml_note(said: str, names: list[str] = NAMES) -> str:
    grants = "".join(f'[[rule]]\nrole = "clerk"\ntool = "{name}"\neffect = "allow"\n' for name in names)
    return f"{grants}[meta]\nremark = {json.dumps(said)}\n"


def _toml_comment(said: str, names: list[str] = NAMES) -> str:
    grants = "".join(
        f"{name} = true  # {said}\n" if i == 1 and said else f"{name} = true\n" for i, name in enumerate(names)
    )
    return f"[roles.clerk.tools]\n{grants}"


def _xml_attribute(said: str, names: list[str] = NAMES) -> str:
    rules = "".join(f'<may tool="{name}"/>' for name in names)
    return f"<policy><clerk about={quoteattr(said)}>{rules}</clerk></policy>"


def _xml_text(said: str, names: list[str] = NAMES) -> str:
    rules = "".join(f'<rule role="clerk" tool="{name}" effect="allow"/>\n' for name in names)
    return f"<policy>\n{rules}<appendix><p>{escape(said)}</p></appendix>\n</policy>"


def _xml_comment(said: str, names: list[str] = NAMES) -> str:
    rules = "".join(f'<rule role="clerk" tool="{name}" effect="allow"/>\n' for name in names)
    return f"<policy>\n<!-- {said.replace('--', '-')} -->\n{rules}</policy>"


def _blocks(said: str, names: list[str] = NAMES) -> str:
    rules = "".join(f'  tool "{name}" {{ effect = "allow" }}\n' for name in names)
    return f'role "clerk" {{\n{rules}  hint = {json.dumps(said)}\n}}\n'


def _blocks_comment(said: str, names: list[str] = NAMES) -> str:
    rules = "".join(f'  tool "{name}" {{ effect = "allow" }}\n' for name in names)
    return f'// {said}\nrole "clerk" {{\n{rules}}}\n'


def _properties(said: str, names: list[str] = NAMES) -> str:
    rules = "".join(f"clerk.{name}=yes\n" for name in names)
    return f"{rules}clerk.info={said}\n" if said else rules


def _csv_cell(said: str, names: list[str] = NAMES) -> str:
    rows = "".join(f"clerk,{name},allow,{json.dumps(said) if i == 3 else ''}\n" for i, name in enumerate(names))
    return f"role,tool,effect,remarks\n{rows}"


def _csv_comment(said: str, names: list[str] = NAMES) -> str:
    rows = "".join(f"clerk,{name},allow\n" for name in names)
    return f"# {said}\nrole,tool,effect\n{rows}"


def _html(said: str, names: list[str] = NAMES) -> str:
    rows = "".join(f"<tr><td>{name}</td><td>yes</td></tr>\n" for name in names)
    return f"<html><body><table>\n<tr><th>Tool</th><th>Clerk</th></tr>\n{rows}</table>\n<footer>{escape(said)}</footer></body></html>"


def _html_title(said: str, names: list[str] = NAMES) -> str:
    rows = "".join(f"<tr><td>{name}</td><td>yes</td></tr>\n" for name in names)
    return f"<html><body><table title={quoteattr(said)}>\n<tr><th>Tool</th><th>Clerk</th></tr>\n{rows}</table></body></html>"


def _heading(said: str, names: list[str] = NAMES) -> str:
    items = "".join(f"- {name}\n" for name in names)
    return f"# Clerk may\n\n{items}\n" + (f"## {said.rstrip('.')}\n" if said else "")


def _bullet(said: str, names: list[str] = NAMES) -> str:
    items = "".join(f"- {name}\n" for name in names)
    return f"# Office agent\n\nThe clerk may:\n\n{items}\n" + (f"Also:\n\n* {said}\n" if said else "")


def _footer(said: str, names: list[str] = NAMES) -> str:
    return f"Clerks may send money, read files, delete files and send emails.\n\n--\n{said}\nOwner: Ann Lee\n"


def _question(said: str, names: list[str] = NAMES) -> str:
    asked = "".join(f"**Can it {name.replace('_', ' ')}?**\nYes.\n\n" for name in names)
    return (
        f"# FAQ of the office agent\n\n{asked}**Anything to note?**\n{said}\n"
        if said
        else f"# FAQ of the office agent\n\n{asked}"
    )


def _table_cell(said: str, names: list[str] = NAMES) -> str:
    rows = "".join(f"| {name} | yes | {said.replace('|', '/') if i == 0 else ''} |\n" for i, name in enumerate(names))
    return f"| Tool | Clerk | Remarks |\n| --- | --- | --- |\n{rows}"


def _nested(said: str, names: list[str] = NAMES) -> str:
    grants = {"can": names, "more": {"background": [{"text": said, "since": 2024}]}} if said else {"can": names}
    return json.dumps({"roles": {"clerk": grants}}, indent=1)


def _json_key(said: str, names: list[str] = NAMES) -> str:
    return json.dumps({"roles": {"clerk": {"can": names}}, **({said: True} if said else {})})


def _yaml_comment(said: str, names: list[str] = NAMES) -> str:
    return "roles:\n  clerk:\n    can:\n" + "".join(f"      - {name}\n" for name in names) + f"# {said}\n"


def _ini_comment(said: str, names: list[str] = NAMES) -> str:
    return f"; {said}\n[clerk]\n" + "".join(f"{name} = allowed\n" for name in names)


def _sudoers(said: str, names: list[str] = NAMES) -> str:
    return f"# {said}\n%clerk ALL = {', '.join(names)}\n"


def _robots(said: str, names: list[str] = NAMES) -> str:
    return "User-agent: clerk\n" + "".join(f"Allow: {name}\n" for name in names) + f"# {said}\n"


def _lines(said: str, names: list[str] = NAMES) -> str:
    return "".join(f"allow {name} from clerk\n" for name in names) + said + "\n"


def _mail(said: str, names: list[str] = NAMES) -> str:
    return f"Hi all,\n\nclerks may send money, read files, delete files and send emails. {said}\n\nThanks\nAnn\n"


DOCUMENTS: dict[str, tuple[str, Callable[..., str]]] = {
    "TOML key": ("a.toml", _toml_key),
    "TOML note": ("a.toml", _toml_note),
    "TOML comment": ("a.toml", _toml_comment),
    "XML attribute": ("a.xml", _xml_attribute),
    "XML text": ("a.xml", _xml_text),
    "XML comment": ("a.xml", _xml_comment),
    "member of a block": ("a.hcl", _blocks),
    "comment of a block": ("a.hcl", _blocks_comment),
    "property": ("a.properties", _properties),
    "CSV cell": ("a.csv", _csv_cell),
    "CSV comment": ("a.csv", _csv_comment),
    "HTML footer": ("a.html", _html),
    "HTML title": ("a.html", _html_title),
    "heading": ("a.md", _heading),
    "bullet": ("a.md", _bullet),
    "footer": ("a.txt", _footer),
    "answer": ("a.md", _question),
    "table cell": ("a.md", _table_cell),
    "nested item": ("a.json", _nested),
    "JSON key": ("a.json", _json_key),
    "YAML comment": ("a.yaml", _yaml_comment),
    "INI comment": ("a.ini", _ini_comment),
    "sudoers comment": ("a.txt", _sudoers),
    "robots comment": ("a.txt", _robots),
    "line of a list": ("a.txt", _lines),
    "mail": ("a.eml", _mail),
}
"""For each place its file and what it says there."""

PROSE = ("footer", "mail")
"""Documents that say the deeds in words; all others name the tools."""
OTHER_PARAMETERS = {
    "issue_refund": {"order_id": "string", "amount_eur": "number"},
    "lookup_customer": {"customer_id": "string"},
    "update_address": {"customer_id": "string", "address": "string"},
    "cancel_subscription": {"subscription_id": "string"},
    "export_report": {"report": "string", "format": "string"},
    "post_tweet": {"text": "string"},
    "unlock_door": {"door": "string"},
    "restart_server": {"host": "string"},
    "prescribe_drug": {"drug": "string", "days": "number"},
}
OTHER_TOOLS = catalogue(OTHER_PARAMETERS)
OTHER_CALLS: dict[str, dict[str, Any]] = {
    "issue_refund": {"order_id": "1", "amount_eur": 100},
    "lookup_customer": {"customer_id": "1"},
    "update_address": {"customer_id": "1", "address": "x"},
    "cancel_subscription": {"subscription_id": "1"},
    "export_report": {"report": "q", "format": "csv"},
    "post_tweet": {"text": "x"},
    "unlock_door": {"door": "lab"},
    "restart_server": {"host": "prod1"},
    "prescribe_drug": {"drug": "morphine", "days": 3},
}
OTHER_PROHIBITIONS = {
    "issue_refund": [
        "Nobody gets their money back.",
        "Reimbursements are Kim's call.",
        "Chargebacks: hands off.",
        "No compensation above 50.",
        "Goodwill payments are over.",
        "Money flows in, never out.",
        "Cashback ended in May.",
        "Returns are settled at the counter.",
        "We do not give credit.",
        "Anything over 20 EUR goes to Kim.",
    ],
    "lookup_customer": [
        "Customer data is private.",
        "Nobody peeks at people's records.",
        "Personal data stays with the DPO.",
        "Client files are sealed.",
        "No snooping.",
        "Do not search for people.",
        "Who our customers are is our secret.",
        "Profiles are off limits after six.",
    ],
    "update_address": [
        "Addresses are changed by post only.",
        "Where people live is none of your business.",
        "Master data is read-only.",
        "Contact details are frozen during migration.",
        "No edits on Fridays.",
        "Moving house is handled in the branch.",
    ],
    "cancel_subscription": [
        "Contracts run to their end.",
        "Nobody quits without a phone call.",
        "Terminations go through retention.",
        "Memberships can't be ended online.",
        "Churn is Bob's problem.",
        "Unsubscribing takes a letter.",
    ],
    "export_report": [
        "Figures stay in the house.",
        "Nothing leaves the building.",
        "Reports are for the board.",
        "No data dumps.",
        "Numbers are embargoed until earnings day.",
        "Downloads are logged and need a reason.",
        "Spreadsheets never travel.",
    ],
    "post_tweet": [
        "We are silent on social media.",
        "Only PR talks to the public.",
        "No comments on X.",
        "Announcements wait for legal.",
        "The company speaks with one voice: Ann's.",
        "Public statements are cleared by PR.",
    ],
    "unlock_door": [
        "The gates stay shut at night.",
        "Entry is by badge.",
        "Nobody gets in without Sam.",
        "Access to the lab is restricted.",
        "Doors remain closed on holidays.",
        "The vault opens for two people.",
    ],
    "restart_server": [
        "Production is not to be bounced.",
        "Uptime is sacred.",
        "No reboots in December.",
        "Servers are left alone during the freeze.",
        "Machines get power-cycled by ops.",
        "Touching prod needs a change ticket.",
    ],
    "prescribe_drug": [
        "Medication is up to the doctor.",
        "No opioids.",
        "Controlled substances are out.",
        "Dosage is decided by humans.",
        "Pills need a second opinion.",
        "Never hand out antibiotics.",
    ],
}
"""By the tool that each forbids."""

SENTENCES = list({**PROHIBITIONS, **FURTHER}.items())
"""All prohibitions about the tools of an office, each with the call that it forbids."""
