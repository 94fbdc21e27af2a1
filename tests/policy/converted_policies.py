"""Policies in the styles that people write them in, with calls whose answers were decided before any was converted.

A call is `role: tool argument=value ..`. Its answer: `allow` must pass, `deny` must not, and `open` must not pass without a
person, though a denial does no harm there.
"""

from __future__ import annotations

from typing import NamedTuple

MAIL = ["list_emails", "read_email", "search_emails", "send_email", "delete_email", "get_mail_password"]
FILES = ["read_file", "list_files", "write_file", "delete_file"]
MONEY = ["send_money", "list_transactions", "refund_order", "get_balance"]

HR = "get_employee list_employees update_salary approve_leave send_email read_email delete_employee export_payroll".split()
SHOP = "search_products get_order list_orders cancel_order refund_order apply_discount send_message delete_account update_address".split()
DEV = "read_file write_file run_tests git_push merge_pull_request deploy_service create_issue close_issue delete_branch run_command".split()
BANK = "get_balance list_transactions transfer_money schedule_payment freeze_card create_payee delete_payee".split()
CAL = "list_events create_event update_event delete_event send_invitation search_contacts".split()


class Source(NamedTuple):
    style: str
    is_structured: bool
    text: str
    calls: dict[str, str]
    tools: tuple[str, ...] = ()
    file: str = ""


def _s(style: str, text: str, calls: dict[str, str], tools: list[str] | None = None, file: str = "") -> Source:
    return Source(style, style not in ("prose", "markdown prose"), text, calls, tuple(tools or ()), file)


SOURCES = [
    _s(
        "yaml, other keys",
        "version: 2\ndescription: Mail helper\nenabled_tools:\n  - read_mail\n  - send_mail\ndisabled_tools: [delete_mail, purge_*]\n",
        {
            "clerk: read_mail": "allow",
            "clerk: send_mail to=a@acme.com": "allow",
            "clerk: delete_mail": "deny",
            "clerk: purge_mailbox": "deny",
            "clerk: list_mail": "deny",
        },
    ),
    _s(
        "yaml, permissions",
        "permissions:\n  allow: [list_bills, pay_bill, get_balance]\n  deny:\n    - close_account\n  ask:\n    - add_payee\n",
        {
            "clerk: list_bills": "allow",
            "clerk: pay_bill amount=5": "allow",
            "clerk: get_balance": "allow",
            "clerk: close_account": "deny",
            "clerk: add_payee": "open",
            "clerk: wire_funds": "deny",
        },
    ),
    _s(
        "yaml, by role",
        "roles:\n  Clerk:\n    can: [read_file, list_files]\n    cannot: [delete_file]\n  Manager:\n    inherits: Clerk\n    can: [write_file]\n",
        {
            "clerk: read_file path=/a": "allow",
            "Clerk: list_files": "allow",
            "clerk: write_file": "deny",
            "clerk: delete_file": "deny",
            "manager: write_file path=/a": "allow",
            "manager: read_file path=/a": "allow",
            "manager: delete_file": "deny",
            "guest: read_file": "deny",
        },
    ),
    _s(
        "yaml, by tool",
        "tools:\n  send_money:\n    allowed: yes\n    max_amount: €450\n    roles: [treasurer]\n  list_transactions: allow\n"
        "  wire_abroad: deny\n  refund_order:\n    allowed: true\n    expires: 2020-01-01\n",
        {
            "treasurer: send_money amount=400": "allow",
            "treasurer: send_money amount=451": "deny",
            "treasurer: send_money amount=400 currency=USD": "open",
            "clerk: send_money amount=5": "deny",
            "clerk: list_transactions": "allow",
            "clerk: wire_abroad": "deny",
            "clerk: refund_order amount=1": "open",
        },
    ),
    _s(
        "yaml, by resource",
        "mail:\n  read: yes\n  send: ask\n  delete: no\nfiles:\n  read: true\n  delete: false\n",
        {
            "clerk: read_email": "allow",
            "clerk: list_emails": "allow",
            "clerk: send_email to=a@acme.com": "open",
            "clerk: delete_email": "deny",
            "clerk: read_file path=/a": "allow",
            "clerk: delete_file": "deny",
            "clerk: write_file": "deny",
            "clerk: get_mail_password": "open",
        },
        MAIL + FILES,
    ),
    _s(
        "yaml, by environment",
        "environments:\n  staging:\n    allow: [deploy_service, restart_service]\n  production:\n    deny: [restart_service]\nallow: [get_logs]\n",
        {
            "dev: get_logs": "allow",
            "dev: deploy_service": "open",
            "dev: restart_service": "deny",
            "dev: drop_database": "deny",
        },
    ),
    _s(
        "json, rule objects",
        '{"name": "billing", "rules": [\n {"tool": "create_invoice", "effect": "allow", "roles": ["billing"]},\n'
        ' {"tool": "send_payment", "effect": "allow", "limit": "2500", "roles": ["Billing"]},\n'
        ' {"tool": "void_invoice", "effect": "deny"},\n {"tool": "export_ledger", "effect": "allow", "status": "suspended"}]}\n',
        {
            "billing: create_invoice amount=9": "allow",
            "billing: send_payment amount=2500": "allow",
            "billing: send_payment amount=2501": "deny",
            "billing: void_invoice": "deny",
            "billing: export_ledger": "open",
            "sales: create_invoice": "deny",
            "sales: send_payment amount=1": "deny",
        },
    ),
    _s(
        "json, limits as text",
        '{"allowed_tools": ["query_db", "export_rows"], "limits": {"query_db.max_rows": "250", "export_rows": {"max_size": "10MB"}}}\n',
        {
            "analyst: query_db max_rows=200": "allow",
            "analyst: query_db max_rows=251": "deny",
            "analyst: export_rows size=5000": "allow",
            "analyst: export_rows size=20000000": "deny",
            "analyst: drop_db": "deny",
        },
    ),
    _s(
        "json, by user group",
        '{"groups": {"nurse": {"allowed": ["get_chart", "add_note"]}, "doctor": {"extends": "nurse", "allowed": ["prescribe_drug"]}},\n'
        ' "never": ["delete_chart"]}\n',
        {
            "nurse: get_chart": "allow",
            "nurse: add_note": "allow",
            "nurse: prescribe_drug": "deny",
            "doctor: prescribe_drug": "allow",
            "doctor: get_chart": "allow",
            "doctor: delete_chart": "deny",
            "visitor: get_chart": "deny",
        },
    ),
    _s(
        "ini",
        "[general]\nname = ops bot\n\n[allow]\ntools = get_status, restart_pod, scale_deployment\n\n[deny]\ntools = delete_namespace\n\n"
        "[limits]\nscale_deployment.replicas = 10\n",
        {
            "ops: get_status": "allow",
            "ops: restart_pod": "allow",
            "ops: scale_deployment replicas=5": "allow",
            "ops: scale_deployment replicas=50": "deny",
            "ops: delete_namespace": "deny",
        },
        file="bot.ini",
    ),
    _s(
        "ini",
        "[role:reader]\nallow = list_docs, get_doc\n\n[role:editor]\nallow = list_docs, get_doc, update_doc\ndeny = delete_doc\n",
        {
            "reader: get_doc": "allow",
            "reader: list_docs": "allow",
            "reader: update_doc": "deny",
            "editor: update_doc": "allow",
            "editor: delete_doc": "deny",
        },
    ),
    _s(
        "markdown table",
        "# Tool permissions\n\n| Tool | Allowed | Limit | Roles |\n| --- | --- | --- | --- |\n| `search_flights` | yes | | all |\n"
        "| `book_flight` | yes | 1,200 EUR | agent, supervisor |\n| `cancel_flight` | no | | |\n| `issue_voucher` | with approval | | agent |\n",
        {
            "agent: search_flights": "allow",
            "clerk: search_flights": "allow",
            "agent: book_flight amount=900": "allow",
            "supervisor: book_flight amount=1200": "allow",
            "agent: book_flight amount=1300": "deny",
            "clerk: book_flight amount=10": "deny",
            "agent: cancel_flight": "deny",
            "agent: issue_voucher": "open",
        },
    ),
    _s(
        "markdown table",
        "| Operation | intern | engineer |\n|---|---|---|\n| get_logs | \u2713 | \u2713 |\n| deploy_app | \u2717 | \u2713 |\n| drop_table | \u2717 | \u2717 |\n",
        {
            "intern: get_logs": "allow",
            "engineer: get_logs": "allow",
            "intern: deploy_app": "deny",
            "engineer: deploy_app": "allow",
            "engineer: drop_table": "deny",
        },
    ),
    _s(
        "markdown lists",
        "# Policy of the shop assistant\n\n## Allowed\n- `get_order`\n- `track_parcel`\n- `refund_order` up to \u20ac50\n\n## Not allowed\n- `delete_customer`\n"
        "- `change_price`\n\n## Needs approval\n- `cancel_order`\n",
        {
            "agent: get_order": "allow",
            "agent: track_parcel": "allow",
            "agent: refund_order amount=50": "allow",
            "agent: refund_order amount=51": "deny",
            "agent: refund_order order_id=7": "open",
            "agent: delete_customer": "deny",
            "agent: change_price": "deny",
            "agent: cancel_order": "open",
        },
    ),
    _s(
        "markdown lists",
        "# Roles\n\n## Clerk\n- may use `read_case`, `list_cases`\n- must not use `close_case`\n\n## Supervisor\n- may use `read_case`, `close_case`\n",
        {
            "clerk: read_case": "allow",
            "clerk: list_cases": "allow",
            "clerk: close_case": "deny",
            "supervisor: close_case": "allow",
            "supervisor: list_cases": "deny",
        },
    ),
    _s(
        "sudoers",
        "# who may run what\nUser_Alias OPS = anna, ben\nCmnd_Alias RESTARTS = restart_web, restart_db\nOPS ALL = RESTARTS, get_status\n"
        "%auditors ALL=(ALL) NOPASSWD: get_*, !get_secrets\n",
        {
            "anna: restart_web": "allow",
            "ben: get_status": "allow",
            "carl: restart_web": "deny",
            "auditor: get_report": "allow",
            "auditors: get_secrets": "deny",
            "auditors: restart_db": "deny",
        },
    ),
    _s(
        "robots",
        "User-agent: support\nAllow: read_ticket\nAllow: reply_ticket\nDisallow: delete_ticket\n\nUser-agent: *\nDisallow: /\n",
        {
            "support: read_ticket": "allow",
            "support: reply_ticket": "allow",
            "support: delete_ticket": "deny",
            "sales: read_ticket": "deny",
        },
    ),
    _s(
        "codeowners",
        "get_*            @everybody-else @finance\nsend_payment     @finance\n/secrets/        @security\n",
        {
            "finance: send_payment amount=2": "allow",
            "finance: get_balance": "allow",
            "finance: get_secrets": "open",
            "sales: send_payment": "deny",
            "security: read_secrets": "deny",
        },
    ),
    _s(
        "codeowners",
        "# tool owners\n*_file   @dev\ndelete_file  @lead\n",
        {
            "dev: read_file": "allow",
            "dev: write_file": "allow",
            "dev: delete_file": "deny",
            "lead: delete_file": "allow",
            "lead: read_file": "deny",
        },
    ),
    _s(
        "iptables",
        "-P TOOLS DROP\n-A TOOLS --role teller --tool get_account -j ACCEPT\n-A TOOLS --role teller --tool transfer_funds -j ACCEPT\n"
        "-A TOOLS --tool close_account -j DROP\n-A TOOLS --tool get_rates -j ACCEPT\n-A TOOLS --role teller --tool issue_loan --time 9-17 -j ACCEPT\n-A TOOLS -j DROP\n",
        {
            "teller: get_account": "allow",
            "teller: transfer_funds amount=5": "allow",
            "guest: get_account": "deny",
            "guest: get_rates": "allow",
            "teller: close_account": "deny",
            "teller: issue_loan": "open",
        },
    ),
    _s(
        "line list",
        "allow read_page\nallow search_web\ndeny submit_form\ndeny download_*\n",
        {
            "a: read_page": "allow",
            "a: search_web": "allow",
            "a: submit_form": "deny",
            "a: download_file": "deny",
            "a: click_button": "deny",
        },
    ),
    _s(
        "yaml, everything except",
        "allow: everything except delete_*\ntools: [read_doc, write_doc, delete_doc]\n",
        {"a: delete_doc": "deny", "a: delete_all": "deny"},
    ),
    _s(
        "yaml, approval above a limit",
        "tools:\n  transfer_money:\n    access: allow\n    approval_above: 500 EUR\n    allowed_recipients: [payroll@acme.com]\n  get_balance:\n    access: allow\n",
        {
            "cfo: transfer_money amount=300 recipient=payroll@acme.com": "allow",
            "cfo: transfer_money amount=800 recipient=payroll@acme.com": "open",
            "cfo: transfer_money amount=300 recipient=eve@evil.com": "deny",
            "cfo: get_balance": "allow",
        },
    ),
    _s(
        "prose",
        "The assistant may read mail. It must never send mail. Files may be read and listed, but deleting files is forbidden.\n",
        {
            "a: read_email": "allow",
            "a: list_emails": "allow",
            "a: search_emails": "allow",
            "a: send_email to=x@y.com": "deny",
            "a: read_file path=/x": "allow",
            "a: list_files": "allow",
            "a: delete_file": "deny",
            "a: get_mail_password": "open",
            "a: write_file": "deny",
        },
        MAIL + FILES,
    ),
    _s(
        "prose",
        "Treasurers may send money up to \u20ac1,000. Everyone may list transactions. Only managers may refund orders. Payments above \u20ac500 need "
        "approval by a manager. Nobody may delete files.\n",
        {
            "treasurer: send_money amount=300": "allow",
            "treasurer: send_money amount=1500": "deny",
            "treasurer: send_money amount=700": "open",
            "clerk: send_money amount=5": "deny",
            "clerk: list_transactions": "allow",
            "manager: refund_order amount=5": "allow",
            "treasurer: refund_order amount=5": "deny",
            "manager: delete_file": "deny",
        },
        MONEY + FILES,
    ),
    _s(
        "prose",
        "You can use `search_kb` and `create_ticket`. Never call `close_ticket` unless the user asks for it. `issue_refund` is only allowed for amounts under 20 EUR "
        "on weekdays. Do not reveal internal notes.\n",
        {
            "a: search_kb": "allow",
            "a: create_ticket": "allow",
            "a: close_ticket": "open",
            "a: issue_refund amount=10": "open",
            "a: issue_refund amount=100": "open",
        },
    ),
    _s(
        "prose",
        "Staff can read files in /workspace. Writing files outside /workspace is prohibited. Emails go only to addresses at acme.com. "
        "Employees may send email.\n",
        {
            "staff: read_file path=/workspace/a.txt": "allow",
            "staff: read_file path=/etc/passwd": "deny",
            "staff: read_file path=/workspace/../etc/passwd": "deny",
            "employee: send_email to=ann@acme.com": "allow",
            "employee: send_email to=eve@evil.com": "deny",
            "a: write_file path=/etc/x": "deny",
        },
        MAIL + FILES,
    ),
    _s(
        "prose",
        "During office hours the agent may send email. The agent is allowed to list files. Everything else is forbidden.\n",
        {
            "a: send_email to=a@b.co": "open",
            "a: list_files": "allow",
            "a: read_file": "deny",
            "a: delete_file": "deny",
        },
        MAIL + FILES,
    ),
    _s(
        "markdown prose",
        "# Support policy\n\nThis policy applies to the support assistant of Acme.\n\n## What the assistant may do\n\n- Read emails\n- Search emails\n- List files\n\n"
        "## What the assistant must not do\n\n- Delete anything\n- Send money\n\n## Limits\n\nNo more than 3 refunds per day.\n",
        {
            "a: read_email": "allow",
            "a: search_emails": "allow",
            "a: list_files": "allow",
            "a: delete_email": "deny",
            "a: delete_file": "deny",
            "a: send_money amount=1": "deny",
            "a: refund_order amount=5": "deny",
        },
        MAIL + FILES + MONEY,
    ),
    _s(
        "markdown prose",
        "1. Interns may list files and read files.\n2. Interns must not write files.\n3. Engineers may read, list and write files.\n"
        "4. Deleting files requires approval from a lead.\n5. Engineers may delete files.\n",
        {
            "intern: list_files": "allow",
            "intern: read_file path=/a": "allow",
            "intern: write_file path=/a": "deny",
            "engineer: write_file path=/a": "allow",
            "engineer: read_file path=/a": "allow",
            "engineer: delete_file path=/a": "open",
            "intern: delete_file path=/a": "deny",
        },
        FILES,
    ),
    # A second batch, written when the first passed.
    _s(
        "prose",
        """Our HR assistant helps the people team. HR officers may view employees and approve leave. Only HR directors may update salaries. Payroll must never be exported. Deleting employees is strictly forbidden. The assistant may send emails only to addresses at corp.example.com.""",
        {
            "hr_officer: get_employee": "allow",
            "hr_officer: list_employees": "allow",
            "hr_officer: approve_leave": "allow",
            "hr_officer: update_salary": "deny",
            "hr_director: update_salary": "allow",
            "hr_director: export_payroll": "deny",
            "hr_director: delete_employee": "deny",
            "x: send_email to=a@corp.example.com": "allow",
            "x: send_email to=a@evil.com": "deny",
            "x: read_email": "deny",
        },
        HR,
    ),
    _s(
        "prose",
        """You are a customer service agent. You can search products, look up orders and send messages. You can cancel orders when the customer asks. Refunds of up to $100 are okay; anything above that needs a supervisor's approval. Don't delete accounts. Never apply discounts above 20%.""",
        {
            "a: search_products": "allow",
            "a: get_order": "allow",
            "a: send_message text=hi": "allow",
            "a: cancel_order": "open",
            "a: refund_order amount=50": "allow",
            "a: refund_order amount=500": "open",
            "a: delete_account": "deny",
            "a: apply_discount percent=50": "deny",
            "a: update_address": "deny",
        },
        SHOP,
    ),
    _s(
        "markdown prose",
        """# Coding agent

- Developers can read and write files in `/repo`.
- Run tests whenever you like.
- Do **not** push to git without approval.
- Merging pull requests is reserved for maintainers.
- Deployments: maintainers only.
- Never run commands with sudo.
- Issues may be created by everyone, but only maintainers may close issues.
""",
        {
            "developer: read_file path=/repo/a.py": "allow",
            "developer: write_file path=/repo/a.py": "allow",
            "developer: write_file path=/etc/passwd": "deny",
            "developer: run_tests": "allow",
            "developer: git_push": "deny",
            "developer: merge_pull_request": "deny",
            "developer: deploy_service": "deny",
            "developer: create_issue": "allow",
            "maintainer: close_issue": "allow",
            "developer: close_issue": "deny",
            "developer: run_command cmd=sudo": "deny",
        },
        DEV,
    ),
    _s(
        "prose",
        """Customers may check their balance and list their transactions. Transfers are limited to 1000 EUR. Customers may transfer money. Scheduling payments is allowed for premium customers. Nobody may delete payees. Cards can be frozen by anyone.""",
        {
            "customer: get_balance": "allow",
            "customer: list_transactions": "allow",
            "customer: transfer_money amount=500": "allow",
            "customer: transfer_money amount=5000": "deny",
            "premium_customer: schedule_payment amount=5": "allow",
            "customer: schedule_payment": "deny",
            "customer: delete_payee": "deny",
            "customer: freeze_card": "allow",
            "customer: create_payee": "deny",
        },
        BANK,
    ),
    _s(
        "yaml notes",
        """agent: calendar-bot
capabilities:
  - list_events
  - create_event
  - update_event
restrictions:
  - never delete events
  - max 10 invitations per day
approval:
  required_for: [send_invitation]
""",
        {
            "a: list_events": "allow",
            "a: create_event": "allow",
            "a: update_event": "allow",
            "a: delete_event": "deny",
            "a: send_invitation": "open",
        },
        CAL,
    ),
    _s(
        "json nested",
        """{"assistants": {"billing": {"permissions": {"allow": ["get_order", "list_orders"], "deny": ["delete_*"]}, "limits": {"refund_order": {"max": "50 EUR"}}}, "support": {"permissions": {"allow": ["send_message"]}}}}""",
        {
            "billing: get_order": "allow",
            "billing: list_orders": "allow",
            "support: send_message": "allow",
            "support: get_order": "deny",
            "billing: delete_account": "deny",
            "billing: refund_order amount=5": "deny",
        },
        SHOP,
    ),
    _s(
        "toml-like ini",
        """; permissions
[permissions]
read_file = allow
write_file = allow
run_command = deny
deploy_service = ask
""",
        {
            "a: read_file": "allow",
            "a: write_file": "allow",
            "a: run_command": "deny",
            "a: deploy_service": "open",
            "a: git_push": "deny",
        },
        DEV,
    ),
    _s(
        "markdown table",
        """| Action | Who | Limit |
|---|---|---|
| transfer_money | teller | max 2,000 |
| get_balance | everyone | |
| freeze_card | teller, manager | |
| delete_payee | nobody | |
""",
        {
            "teller: transfer_money amount=100": "allow",
            "teller: transfer_money amount=3000": "deny",
            "x: get_balance": "allow",
            "manager: freeze_card": "allow",
            "manager: transfer_money amount=1": "deny",
            "manager: delete_payee": "deny",
        },
        BANK,
    ),
    _s(
        "claude settings",
        """{"permissions": {"allow": ["Read", "Bash(git status)"], "deny": ["Bash(rm *)", "WebFetch"], "ask": ["Write"]}}""",
        {"a: Read": "allow", "a: Bash command=ls": "open", "a: WebFetch": "deny", "a: Write": "open"},
        ["Read", "Bash", "WebFetch", "Write"],
    ),
    _s(
        "yaml acl",
        """acl:
  - principal: analyst
    allow: [run_query, list_tables]
  - principal: admin
    allow: "*"
    deny: drop_table
""",
        {
            "analyst: run_query": "allow",
            "analyst: list_tables": "allow",
            "analyst: drop_table": "deny",
            "admin: run_query": "allow",
            "admin: drop_table": "deny",
            "guest: list_tables": "deny",
        },
    ),
    _s(
        "plain list",
        """ALLOWED TOOLS:
- list_events
- search_contacts

FORBIDDEN TOOLS:
- delete_event

LIMITS:
- create_event: at most 5 attendees
""",
        {
            "a: list_events": "allow",
            "a: search_contacts": "allow",
            "a: delete_event": "deny",
            "a: create_event": "deny",
        },
        CAL,
    ),
    _s(
        "yaml text rules",
        """name: bank bot
rules:
  - Tellers may list transactions.
  - Tellers may transfer money up to 5k EUR.
  - No one may create payees.
  - id: r4
    text: Managers may freeze cards.
""",
        {
            "teller: list_transactions": "allow",
            "teller: transfer_money amount=4000": "allow",
            "teller: transfer_money amount=6000": "deny",
            "teller: create_payee": "deny",
            "manager: freeze_card": "allow",
            "teller: freeze_card": "deny",
        },
        BANK,
    ),
    _s(
        "robots",
        """User-agent: crawler
User-agent: indexer
Allow: fetch_page
Disallow: submit_form
""",
        {
            "crawler: fetch_page": "allow",
            "indexer: fetch_page": "allow",
            "crawler: submit_form": "deny",
            "bot: fetch_page": "deny",
        },
    ),
    _s(
        "yaml toggles",
        """features:
  email:
    read: on
    send: off
  calendar:
    create: true
    delete: false
""",
        {"a: read_email": "allow", "a: send_email": "deny", "a: create_event": "allow", "a: delete_event": "deny"},
        HR + CAL,
    ),
]
