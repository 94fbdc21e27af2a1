"""Lists of one rule a line in the words of many systems: what is read, and what a qualifier leaves unread."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policy.probes import catalogue
from tests.policy.test_convert_probes import is_allowed

TOOLS = catalogue(
    {
        "send_money": {"amount": "number", "to": "string", "method": "string"},
        "read_file": {"path": "string"},
        "restart_host": {"host": "string"},
        "print_label": {"printer": "string", "copies": "number"},
        "adjust_stock": {"delta": "number", "sku": "string"},
    }
)
PAY = ("send_money", {"amount": 40, "to": "a@acme.example", "method": "wire"})
MUCH = ("send_money", {"amount": 900, "to": "a@acme.example", "method": "wire"})
CHEQUE = ("send_money", {"amount": 40, "to": "a@acme.example", "method": "cheque"})
READ = ("read_file", {"path": "/news/a"})
HIDDEN = ("read_file", {"path": "/news/secret/a"})
WEB = ("restart_host", {"host": "web01"})
DB = ("restart_host", {"host": "db01"})
PRINT = ("print_label", {"printer": "Z1", "copies": 1})
OTHER = ("print_label", {"printer": "Z9", "copies": 1})

OPTIONS = """# gate.rules
*agent
:DEFAULT DROP
-A -j ACCEPT --tool restart_host --host web01
-A -r clerk -j ACCEPT --tool send_money --amount 0:100
-A -r clerk -j HOLD   --tool send_money --amount 101:
-A -r clerk -j DROP   --tool send_money --to *@evil.example
-A -r clerk -j DROP   --tool send_money
-A -r guest -j ACCEPT --tool print_label --printer Z1,Z2
"""
GRANTS = """-- grants.sql
CREATE ROLE clerk;
REVOKE ALL ON ALL TOOLS FROM PUBLIC;
GRANT send_money TO clerk WHERE amount <= 100;
GRANT send_money TO clerk WITH APPROVAL BY lead WHERE amount > 100;
GRANT read_file TO clerk, guest;
GRANT print_label TO clerk WHERE printer IN ('Z1', 'Z2');
GRANT restart_host TO ops;
REVOKE read_file FROM guest;
COMMIT;
"""
ALIASES = """Host_Alias WEB = web01, web02
Cmnd_Alias SMALL = restart_host
%clerk  WEB = (NOASK) SMALL
%clerk  ALL = (NOASK) send_money
%lead   ALL = (ASK)   send_money
%guest  ALL = !ALL
"""
COLUMNS = """# max  who    verdict  tool         arguments
#
  100  clerk  run      send_money   method=wire
  -    clerk  run      read_file    *
  -    guest  never    read_file    *
  -    clerk  wait     restart_host *
# run = go ahead / wait = a person must confirm / never = never
"""
PATHS = """Role: clerk
Allow: read_file /news/
Disallow: read_file /news/secret/
Allow: send_money
Max-amount: send_money 100
Role: guest
Allow: print_label
"""


@pytest.mark.parametrize(
    ("text", "file", "role", "call", "wanted"),
    [
        (OPTIONS, "gate.rules", "clerk", PAY, True),
        (OPTIONS, "gate.rules", "clerk", MUCH, False),
        (OPTIONS, "gate.rules", "guest", PAY, False),
        (
            OPTIONS,
            "gate.rules",
            "clerk",
            ("send_money", {"amount": 40, "to": "x@evil.example", "method": "wire"}),
            False,
        ),
        (OPTIONS, "gate.rules", "guest", PRINT, True),
        (OPTIONS, "gate.rules", "guest", OTHER, False),
        (OPTIONS, "gate.rules", "clerk", WEB, True),
        (OPTIONS, "gate.rules", "clerk", DB, False),
        (GRANTS, "grants.sql", "clerk", PAY, True),
        (GRANTS, "grants.sql", "clerk", MUCH, False),
        (GRANTS, "grants.sql", "clerk", READ, True),
        (GRANTS, "grants.sql", "guest", READ, False),
        (GRANTS, "grants.sql", "clerk", PRINT, True),
        (GRANTS, "grants.sql", "clerk", OTHER, False),
        (GRANTS, "grants.sql", "clerk", WEB, False),
        (ALIASES, "agent-sudoers", "clerk", WEB, True),
        (ALIASES, "agent-sudoers", "clerk", DB, False),
        (ALIASES, "agent-sudoers", "clerk", PAY, True),
        (ALIASES, "agent-sudoers", "lead", PAY, False),
        (ALIASES, "agent-sudoers", "guest", PAY, False),
        (COLUMNS, "a.tab", "clerk", PAY, True),
        (COLUMNS, "a.tab", "clerk", MUCH, False),
        (COLUMNS, "a.tab", "clerk", CHEQUE, False),
        (COLUMNS, "a.tab", "clerk", WEB, False),
        (COLUMNS, "a.tab", "guest", READ, False),
        (PATHS, "agents.txt", "clerk", READ, True),
        (PATHS, "agents.txt", "clerk", HIDDEN, False),
        (PATHS, "agents.txt", "clerk", PAY, True),
        (PATHS, "agents.txt", "clerk", MUCH, False),
        (PATHS, "agents.txt", "guest", READ, False),
        (PATHS, "agents.txt", "guest", PRINT, True),
    ],
)
def test_lists_are_read_by_the_kinds_of_their_tokens(
    text: str, file: str, role: str, call: tuple[str, dict[str, Any]], wanted: bool
) -> None:
    assert is_allowed(text, file, call, TOOLS, role=role) is wanted


LISTS = {
    "options": (
        "a.rules",
        "".join(f"-A -r clerk -j ACCEPT --tool {t}\n" for t in ("read_file", "print_label", "adjust_stock")),
    ),
    "words": ("a.txt", "".join(f"allow {t} from clerk\n" for t in ("read_file", "print_label", "adjust_stock"))),
    "grants": ("a.sql", "".join(f"GRANT {t} TO clerk;\n" for t in ("read_file", "print_label", "adjust_stock"))),
    "columns": ("a.tab", "".join(f"clerk  yes  {t}\n" for t in ("read_file", "print_label", "adjust_stock"))),
}
"""Lists that grant clerks three tools, and say nothing of a fourth."""
QUALIFIED = [
    "allow send_money from clerk weekdays",
    "allow send_money from clerk except friday",
    "allow send_money from clerk unless frozen",
    "allow send_money from clerk if calm",
    "allow send_money from clerk when amount is small",
    "allow send_money from nobody",
    "allow send_money from clerk amount<10",
    "allow send_money from clerk 5/day",
    "allow send_money in staging from clerk",
    "allow send_money from senior clerk",
    "allow send_money draft",
    "allow send_money from clerk method=cheque",
    "allow send_money from !clerk",
    "allow !send_money from clerk",
    "deny send_money by wire\nallow send_money from clerk",
    "deny send_money on weekdays\nallow send_money from clerk",
    "deny send_money for large amounts\nallow send_money from clerk",
    "deny send_money -x wire\nallow send_money from clerk",
    "deny send_money --method wire\nallow send_money from clerk",
    "deny send_money method=wire\nallow send_money from clerk",
    "hold send_money from clerk",
    "ask send_money from clerk",
    "GRANT send_money TO clerk WHERE weekday = 'mon';",
    "GRANT send_money TO clerk WHERE amount <= 10;",
    "GRANT send_money TO clerk WHERE amount BETWEEN 1 AND 10;",
    "GRANT send_money TO clerk WITH REVIEW;",
    "GRANT send_money TO clerk WITH APPROVAL BY lead;",
    "GRANT send_money TO clerk UNTIL '2020-01-01';",
    "GRANT send_money TO clerk;\nREVOKE send_money FROM clerk;",
    "GRANT send_money TO clerk WHERE amount <= 100;\nREVOKE send_money FROM clerk;",
    "REVOKE send_money FROM clerk;\nGRANT send_money TO clerk WHERE amount <= 100;",
    "allow send_money from clerk amount<100\ndeny send_money from clerk",
    "allow send_money amount<100\ndeny send_money from clerk",
    "-A -r clerk -j DROP --tool send_money\n-A -r clerk -j ACCEPT --tool send_money --amount 0:100",
    "-A -j ACCEPT --tool send_money --amount 0:100\n-A -r clerk -j DROP --tool send_money",
    "-A -r clerk --tool send_money --log yes",
    "-A -r clerk -j ACCEPT --tool send_money --amount 0:10",
    "-A -r clerk -j ACCEPT --tool send_money --time 9:17",
    "-A -r clerk -j ACCEPT --tool send_money ! --method wire",
    "-A -r clerk -j ACCEPT --tool send_money -m limit",
    "-A -r clerk -j LOG --tool send_money",
    "-A -r clerk -j QUEUE --tool send_money",
    "clerk  yes?  send_money",
    "clerk  soon  send_money",
    "clerk  yes  send_money  mornings",
    "clerk  yes  send_money  max 10",
    "%clerk ALL = (ASK) send_money",
    "Max-amount: send_money 10",
]


@pytest.mark.parametrize("line", QUALIFIED)
def test_a_qualifier_of_a_line_is_never_lost(line: str) -> None:
    wrong = [name for name, (file, text) in LISTS.items() if is_allowed(text + line + "\n", file, PAY, TOOLS)]
    assert not wrong


@pytest.mark.parametrize("name", LISTS)
def test_the_lists_grant_what_they_say(name: str) -> None:
    file, text = LISTS[name]
    assert is_allowed(text, file, READ, TOOLS)
    assert not is_allowed(text, file, PAY, TOOLS)
    assert not is_allowed(text, file, READ, TOOLS, role="guest")


@pytest.mark.parametrize(
    "line", ["emergency only", "SUSPENDED", "weekdays", "read only", "DRAFT", "this list is off", "clerk is frozen"]
)
@pytest.mark.parametrize("name", LISTS)
def test_a_line_that_is_of_no_kind_closes_calls(name: str, line: str) -> None:
    file, text = LISTS[name]
    assert not is_allowed(text + line + "\n", file, READ, TOOLS)
