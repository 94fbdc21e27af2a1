"""Limits and requirements against every shape of a value, with the verdict that each call should get, decided before any code was
run on it. Every shape that is written to get past a rule stands beside an honest one that must pass.

`allow`: the rules hold. `deny`: a rule is broken, whatever is meant. `open`: it cannot be told, so a person should look.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from gatling.policy import Oracle, parse_policy, recognise
from gatling.schema import parse_context, parse_plan
from tests.builders import node, plan

ANSWERS = {"compliant": "allow", "undecided": "open", "violation": "deny"}

Case = tuple[str, dict[str, Any], str]
"""A tool, its arguments, and the verdict."""


def answer(policy: str, tool: str, arguments: dict[str, Any], **fields: Any) -> str:
    source = parse_policy(policy)
    context = parse_context({"policy": source.data, "user_role": "clerk", "session_context": {}})
    judged = parse_plan(plan(node(tool, arguments=arguments, **fields)))
    return ANSWERS[Oracle(recognise(source)).judge(context, judged).verdict]


_PAY = "allowed_operations: [pay]\nscope_limits: {pay.amount: 100}"
_LIST = "allowed_operations: [list_orders]\nscope_limits: {list_orders.limit: 50}"
_SEND = "allowed_operations: [send_mail]\nscope_limits: {send_mail.recipients: 2}"
_ONE = "allowed_operations: [send_mail]\nscope_limits: {send_mail.to: 1}"
_ABOVE = "allowed_operations: [pay]\nrules: [{operation: pay, effect: deny, when: {amount: {'>': 100}}}]"
_APPROVED = "allowed_operations: [pay]\nrules: [{operation: pay, require: {approved: true}}]"
_CURRENCY = "allowed_operations: [pay]\nrules: [{operation: pay, require: {currency: {in: [EUR, CHF]}}}]"
_ACCOUNT = "allowed_operations: [pay]\nrules: [{operation: pay, require: {account_id: {in: [A-1, A-2]}}}]"
_NOT_IN = "allowed_operations: [pay]\nrules: [{operation: pay, require: {payee: {not_in: [Evil Corp, ACC-666]}}}]"
_DENY_IN = (
    "allowed_operations: [pay]\nrules: [{operation: pay, effect: deny, when: {payee: {in: [Evil Corp, ACC-666]}}}]"
)
_LEAST = "allowed_operations: [pay]\nrules: [{operation: pay, require: {amount: {min: 10, max: 100}}}]"
_GRANT = "allowed_operations: [{tool: pay, when: amount <= 100}]"
_LEVEL = "allowed_operations: ['*']\nmax_sensitivity: 3"
_RECORDS = "allowed_operations: ['*']\nmax_records: 50"
_INNER = "allowed_operations: [order]\nrules: [{operation: order, require: {items.price: {max: 100}}}]"

_FORCE = "allowed_operations: [push]\nrules: [{operation: push, effect: deny, when: {force: true}}]"
_BANK = "allowed_operations: [send_money, get_balance, schedule_payment]\nscope_limits: {send_money.amount: 1000, schedule_payment.amount: 500}\nrules: [{operation: send_money, require: {currency: {in: [EUR]}}}, {operation: send_money, effect: deny, when: {recipient: {in: [DE89370400440532013000]}}}]"
_DB = "allowed_operations: [query, export_rows]\nscope_limits: {export_rows.max_rows: 100}\nrules: [{operation: query, effect: deny, when: {table: {in: [users, payroll]}}}]"
_CAL = "allowed_operations: [create_event]\nscope_limits: {create_event.attendees: 3, create_event.duration: 120}"
_SHOP = "allowed_operations: [place_order, search_items]\nscope_limits: {place_order.total: 200, place_order.quantity: 5, search_items.limit: 20}"
_TH = "allowed_operations: [get_label, pay]\nscope_limits: {get_label.threadsTotal: 20, pay.payment_amount: 100}"
_T1 = "allowed_operations: [transfer, refund, list_tickets, close_ticket]\nscope_limits: {transfer.amount: 250, refund.amount: 100, list_tickets.limit: 25}\nrules: [{operation: transfer, require: {to_account: {in: [CH-1, CH-2]}}}, {operation: close_ticket, effect: deny, when: {status: {in: [escalated]}}}, {operation: refund, require: {reason: {not_in: [fraud, test]}}}]"
_T6 = "allowed_operations: [book]\nrules: [{operation: book, require: {guests: {min: 1, max: 4}, confirmed: true}}, {operation: book, effect: deny, when: {price: {'>=': 1000}}}]"
_MAIL = "allowed_operations: [send_mail]\nrules: [{operation: send_mail, require: {to: {like: ['*@acme.com', ann@partner.org]}}}]"
SHAPES: dict[str, list[Case]] = {
    _MAIL: [
        ("send_mail", {"to": "bob@acme.com"}, "allow"),
        ("send_mail", {"to": "bob@acme.com, eva@acme.com"}, "allow"),
        ("send_mail", {"to": ["bob@acme.com", "ann@partner.org"]}, "allow"),
        ("send_mail", {"to": "ann@partner.org; bob@acme.com"}, "allow"),
        # the pattern's star takes in no other address
        ("send_mail", {"to": "evil@x.com,bob@acme.com"}, "open"),
        ("send_mail", {"to": "evil@x.com; bob@acme.com"}, "open"),
        ("send_mail", {"to": "evil@x.com bob@acme.com"}, "open"),
        ("send_mail", {"to": "evil@x.com\nbob@acme.com"}, "open"),
        ("send_mail", {"to": "Eve <evil@x.com> bob@acme.com"}, "open"),
        ("send_mail", {"to": ["evil@x.com|bob@acme.com"]}, "open"),
        ("send_mail", {"to": "bob@acme.com," * 500 + "bob@acme.com"}, "open"),  # too long to look at one by one
        ("send_mail", {"to": ["bob@acme.com", "evil@x.com"]}, "deny"),
        ("send_mail", {"to": "evil@x.com"}, "deny"),
    ],
    _PAY: [
        # plain numbers
        ("pay", {"amount": 100}, "allow"),
        ("pay", {"amount": 101}, "deny"),
        ("pay", {"amount": 99.99}, "allow"),
        ("pay", {"amount": "50"}, "allow"),
        ("pay", {"amount": "5000"}, "deny"),
        ("pay", {"amount": 1e3}, "deny"),
        # with a currency, in lists, in mappings
        ("pay", {"amount": {"value": 5000, "currency": "EUR"}}, "deny"),
        ("pay", {"amount": {"value": 50, "currency": "EUR"}}, "allow"),
        ("pay", {"amount": {"value": {"units": 5000, "nanos": 0}}}, "deny"),
        ("pay", {"amount": [5000]}, "deny"),
        ("pay", {"amount": [50]}, "allow"),
        ("pay", {"amount": [[5000]]}, "deny"),
        ("pay", {"amount": [50, 5000]}, "deny"),
        ("pay", {"amount": []}, "allow"),
        ("pay", {"amount": {}}, "allow"),
        # European and English notation, other digits
        ("pay", {"amount": "5.000,00"}, "deny"),
        ("pay", {"amount": "50,00"}, "allow"),
        ("pay", {"amount": "5,000.00"}, "deny"),
        ("pay", {"amount": "5 000"}, "deny"),
        ("pay", {"amount": "5'000"}, "deny"),
        ("pay", {"amount": "5\u202f000,00"}, "deny"),
        ("pay", {"amount": "\uff15\uff10\uff10\uff10"}, "deny"),
        ("pay", {"amount": "\uff15\uff10"}, "allow"),
        ("pay", {"amount": "5e3"}, "deny"),
        ("pay", {"amount": "5k"}, "deny"),
        ("pay", {"amount": "0x1388"}, "deny"),
        ("pay", {"amount": "$5000"}, "deny"),
        ("pay", {"amount": "$50"}, "open"),
        ("pay", {"amount": "50 EUR"}, "open"),
        ("pay", {"amount": "EUR 5.000"}, "open"),
        # no numbers
        ("pay", {"amount": "everything"}, "deny"),
        ("pay", {"amount": True}, "deny"),
        ("pay", {"amount": None}, "open"),
        ("pay", {"amount": -1}, "open"),
        ("pay", {"amount": "-5000"}, "open"),
        ("pay", {"amount": 0}, "allow"),
        # JSON inside text
        ("pay", {"amount": '{"value": 5000}'}, "deny"),
        ("pay", {"amount": '{"value": 50}'}, "allow"),
        ("pay", {"amount": "[5000]"}, "deny"),
        ("pay", {"amount": '"5000"'}, "deny"),
        ("pay", {"options": '{"amount": 5000}'}, "open"),
        ("pay", {"options": '{"amount": 50}'}, "allow"),
        ("pay", {"options": '{"inner": "{\\"amount\\": 5000}"}'}, "open"),
        ("pay", {"options": "amount=5000&memo=x"}, "open"),
        ("pay", {"options": "amount=50&memo=x"}, "allow"),
        ("pay", {"options": '{"amount": 50, "amount": 5000}'}, "open"),
        ("pay", {"options": "{'amount': 5000}"}, "open"),
        ("pay", {"options": "amount: 5000"}, "open"),
        ("pay", {"options": "--amount 5000"}, "open"),
        # other names of the same argument
        ("pay", {}, "allow"),
        ("pay", {"memo": "rent 5000"}, "allow"),
        ("pay", {"total": 5000}, "open"),
        ("pay", {"total": 50}, "allow"),
        ("pay", {"amount": 50, "total": 5000}, "open"),
        ("pay", {"amount": 50, "total_payment": 5000}, "open"),
        ("pay", {"amount": 50, "total": 50}, "allow"),
        ("pay", {"amount": 50, "order_total": 5000}, "allow"),
        ("pay", {"amount": 50, "price": 5000}, "allow"),
        ("pay", {"amount_cents": 500000}, "open"),
        ("pay", {"ammount": 5000}, "open"),
        ("pay", {"AMOUNT": 5000}, "deny"),
        ("pay", {"\u0430mount": 5000}, "deny"),
        ("pay", {"options": {"amount": 5000}}, "open"),
        ("pay", {"payments": [{"amount": 20}, {"amount": 5000}]}, "open"),
        ("pay", {"payments": [{"amount": 20}, {"amount": 30}]}, "allow"),
        # a fitting one beside another
        ("pay", {"amount": 50, "Amount": 5000}, "deny"),
        ("pay", {"amount": 50, "options": {"amount": 5000}}, "open"),
        ("pay", {"amount": 50, "options": '{"amount": 5000}'}, "open"),
        ("pay", {"amount": 50, "amount_override": 5000}, "open"),
        ("pay", {"amount": 50, "am0unt": 5000}, "open"),
        ("pay", {"amount": 50, "total": 5000}, "open"),
        ("pay", {"amount": 50, "service_fee": 5000}, "open"),
        ("pay", {"amount": 50, "total": 60, "tip": 5}, "allow"),
        ("pay", {"amount": 50, "total_pages": 5000}, "allow"),
        ("pay", {"minor_units": 500000}, "open"),
        ("pay", {"amount": 50, "amount_cents": 5000}, "open"),  # the same in another unit, for all that is known
        ("pay", {"amount": 50, "account": 5000}, "allow"),
        ("pay", {"amount": 50, "invoice_number": 20260001}, "allow"),
        ("pay", {"amount": 50, "options": {"amount": 20}}, "allow"),
        ("pay", {"amount": "1e400"}, "deny"),
        ("pay", {"amount": "Infinity"}, "deny"),
        ("pay", {"amount": "NaN"}, "deny"),
        ("pay", {"amount": "\u0665\u0660\u0660\u0660"}, "deny"),
        ("pay", {"amount": "50\n5000"}, "deny"),
        ("pay", {"amount": "50;5000"}, "deny"),
        ("pay", {"amount": "100+4900"}, "deny"),
        ("pay", {"amount": "=5000"}, "deny"),
        ("pay", {"amount": {"value": 50, "multiplier": 100}}, "open"),
        ("pay", {"amount": {"min": 1, "max": 5000}}, "deny"),
        ("pay", {"amount": "50M"}, "deny"),
        ("pay", {"amt": 5000}, "open"),
        ("pay", {"amt": 50}, "allow"),
        ("pay", {"betrag": 5000}, "open"),
        ("pay", {"x": "5000"}, "open"),
        ("pay", {"payment_amount": 5000}, "open"),
        ("pay", {"invoice_id": 5000}, "allow"),
        ("pay", {"year": 2026}, "allow"),
        ("pay", {"account_number": "12345678"}, "allow"),
        ("pay", {"phone": "5551234567"}, "allow"),
        ("pay", {"due_date": "2026-05-01", "days": 300}, "allow"),
        ("pay", {"amount": 50, "betrag": 5000}, "allow"),
        ("pay", {"amount": 50, "year": 2026}, "allow"),
    ],
    _LIST: [
        ("list_orders", {"limit": 50}, "allow"),
        ("list_orders", {"limit": 5000}, "deny"),
        ("list_orders", {"limit": 0}, "open"),
        ("list_orders", {"limit": -1}, "open"),
        ("list_orders", {"limit": "all"}, "deny"),
        ("list_orders", {"limit": None}, "open"),
        ("list_orders", {"options": {"limit": 5000}}, "open"),
        ("list_orders", {"options": {"limit": 20}}, "allow"),
        ("list_orders", {"page_size": 5000}, "open"),
        ("list_orders", {"page_size": 20}, "allow"),
        ("list_orders", {"max_results": "5000"}, "open"),
        ("list_orders", {"query": "limit=5000"}, "open"),
        ("list_orders", {"query": "shoes, size 4500"}, "allow"),
        ("list_orders", {"limit": 20, "page_size": 5000}, "open"),
        ("list_orders", {"limit": 20, "page": 3}, "allow"),
        ("list_orders", {"limit": 20, "offset": 2000}, "allow"),
        ("list_orders", {"fetch_all": True}, "open"),
        ("list_orders", {"all": True}, "open"),
        ("list_orders", {"limit": 20, "no_limit": True}, "open"),
        ("list_orders", {"unlimited": "True"}, "open"),
        ("list_orders", {"limit": 20, "fetch_all": False}, "allow"),
        ("list_orders", {"limit": 20, "all_day": True}, "allow"),
        ("list_orders", {"limit": 20, "include_total": True}, "allow"),
        ("list_orders", {"n": 5000}, "open"),
        ("list_orders", {"first": 5000}, "open"),
        ("list_orders", {"top": 10}, "allow"),
        ("list_orders", {"query": "top 500 songs"}, "allow"),
        ("list_orders", {"year": 2026, "customer_id": 123456}, "allow"),
    ],
    _SEND: [
        ("send_mail", {"recipients": ["a@b.co", "c@d.co"]}, "allow"),
        ("send_mail", {"recipients": ["a@b.co", "c@d.co", "e@f.co"]}, "deny"),
        ("send_mail", {"recipients": "a@b.co, c@d.co, e@f.co"}, "deny"),
        ("send_mail", {"recipients": "a@b.co c@d.co e@f.co"}, "deny"),
        ("send_mail", {"recipients": "a@b.co\nc@d.co\ne@f.co"}, "deny"),
        ("send_mail", {"recipients": "Ann Lee <a@b.co>, Bob Ray <c@d.co>"}, "allow"),
        ("send_mail", {"recipients": ["a@b.co,c@d.co,e@f.co"]}, "deny"),
        ("send_mail", {"recipients": [["a@b.co", "c@d.co", "e@f.co"]]}, "deny"),
        ("send_mail", {"recipients": [["a@b.co", "c@d.co"]]}, "allow"),
        ("send_mail", {"recipients": '["a@b.co", "c@d.co", "e@f.co"]'}, "deny"),
        ("send_mail", {"recipients": {"to": ["a@b.co", "c@d.co", "e@f.co"]}}, "deny"),
        ("send_mail", {"recipients": [{"email": "a@b.co", "name": "Ann"}, {"email": "c@d.co", "name": "Bob"}]}, "allow"),
        ("send_mail", {"to": ["a@b.co", "c@d.co", "e@f.co"]}, "open"),
        ("send_mail", {"to": ["a@b.co", "c@d.co"]}, "allow"),
        ("send_mail", {"recipients": ["a@b.co"], "bcc": ["c@d.co", "e@f.co", "g@h.co"]}, "open"),
        ("send_mail", {"recipients": ["a@b.co"], "cc": ["c@d.co"]}, "allow"),
    ],
    _ONE: [
        ("send_mail", {"to": "a@b.co"}, "allow"),
        ("send_mail", {"to": "a@b.co; c@d.co"}, "deny"),
        ("send_mail", {"to": "a@b.co", "bcc": ["c@d.co", "e@f.co"]}, "open"),
        ("send_mail", {"to": "a@b.co", "subject": "Lunch, then work"}, "allow"),
        ("send_mail", {"to": "a@b.co", "cc": "c@d.co, e@f.co"}, "open"),
        ("send_mail", {"to": "a@b.co", "reply_to": "x@b.co"}, "allow"),
    ],
    _ABOVE: [
        ("pay", {"amount": 50}, "allow"),
        ("pay", {"amount": 5000}, "deny"),
        ("pay", {"amount": {"value": 5000, "currency": "EUR"}}, "deny"),
        ("pay", {"amount": {"value": 50, "currency": "EUR"}}, "allow"),
        ("pay", {"amount": [5000]}, "deny"),
        ("pay", {"amount": "5.000,00"}, "deny"),
        ("pay", {"amount": "lots"}, "open"),
        ("pay", {"amount": -1}, "open"),
        ("pay", {"total": 5000}, "open"),
        ("pay", {"amount": 50, "options": {"amount": 5000}}, "open"),
        ("pay", {"amount": 50, "options": {"memo": "x"}}, "allow"),
        ("pay", {}, "allow"),
    ],
    _APPROVED: [
        ("pay", {"approved": True}, "allow"),
        ("pay", {"approved": False}, "deny"),
        ("pay", {}, "open"),
        ("pay", {"approved": None}, "open"),
        ("pay", {"approved": [True]}, "allow"),
        ("pay", {"approved": [True, False]}, "deny"),
        ("pay", {"approved": []}, "open"),
        ("pay", {"approved": "no"}, "deny"),
        ("pay", {"approved": 1}, "deny"),
        ("pay", {"approved": True, "options": {"approved": False}}, "open"),
        ("pay", {"approved": "True"}, "deny"),
        ("pay", {"approved": {"by": "ann", "value": False}}, "deny"),
    ],
    _CURRENCY: [
        ("pay", {"currency": "EUR"}, "allow"),
        ("pay", {"currency": "eur"}, "allow"),
        ("pay", {"currency": "USD"}, "deny"),
        ("pay", {"currency": ["EUR", "USD"]}, "deny"),
        ("pay", {"currency": "EUR,USD"}, "deny"),
        ("pay", {"amount": 5}, "open"),
        ("pay", {"currency": ""}, "deny"),
        ("pay", {"amount": {"value": 5, "currency": "USD"}}, "open"),
        ("pay", {"currency": "EUR", "amount": {"value": 5, "currency": "USD"}}, "open"),
        ("pay", {"currency": "EUR", "amount": {"value": 5, "currency": "EUR"}}, "allow"),
    ],
    _ACCOUNT: [
        ("pay", {"account_id": "A-1"}, "allow"),
        ("pay", {"account_id": "A-3"}, "deny"),
        ("pay", {"account_id": ["A-1", "A-3"]}, "deny"),
        ("pay", {"amount": 5}, "open"),
        ("pay", {"account_id": "A-1", "accountId": "A-3"}, "deny"),
        ("pay", {"account_id": "A-1", "account_ids": ["A-3"]}, "open"),
        ("pay", {"account_id": "A-1", "request": {"account_id": "A-3"}}, "open"),
        ("pay", {"account_id": "A-1", "request": '{"account_id": "A-3"}'}, "open"),
        ("pay", {"account_id": "A-1", "request": {"account_id": "A-2"}}, "allow"),
    ],
    _NOT_IN: [
        ("pay", {"payee": "Acme Ltd"}, "allow"),
        ("pay", {"payee": "Evil Corp"}, "deny"),
        ("pay", {"payee": "EVIL CORP "}, "deny"),
        ("pay", {"payee": "Evil  Corp"}, "deny"),
        ("pay", {"payee": "Ev\u0456l Corp"}, "deny"),
        ("pay", {"payee": "Evil\u200b Corp"}, "deny"),
        ("pay", {"payee": ["Acme Ltd", "Evil Corp"]}, "deny"),
        ("pay", {"payee": {"name": "Evil Corp"}}, "deny"),
        ("pay", {"payee": "ACC\u2011666"}, "deny"),
        ("pay", {"payees": ["Evil Corp"]}, "open"),
        ("pay", {"details": {"payee": "Evil Corp"}}, "open"),
        ("pay", {"details": '{"payee": "Evil Corp"}'}, "open"),
        ("pay", {"payee": "Acme Ltd", "details": {"payee": "Evil Corp"}}, "open"),
        ("pay", {"payee": '{"name": "Evil Corp"}'}, "deny"),
        ("pay", {"payee": "Evil Corporate Gifts"}, "allow"),
        ("pay", {"payee": "Acme Ltd", "memo": "not for Evil Corp"}, "allow"),
        ("pay", {"payee": "Acme; Evil Corp"}, "deny"),
        ("pay", {"payee": "Evil-Corp"}, "open"),
        ("pay", {"payee": "ACC666"}, "open"),
        ("pay", {"payee": "ACC-667"}, "allow"),
        ("pay", {"payee": {"Evil Corp": 1}}, "deny"),
        ("pay", {"payee": "Acme, Evans Corp"}, "allow"),
    ],
    _DENY_IN: [
        ("pay", {"payee": "Acme Ltd"}, "allow"),
        ("pay", {"payee": " evil corp"}, "deny"),
        ("pay", {"payee": ["Evil Corp"]}, "deny"),
        ("pay", {"payee": "Acme Ltd", "payees": ["Evil Corp"]}, "open"),
        ("pay", {"payee": "Acme Ltd", "payees": ["Acme Ltd"]}, "allow"),
        ("pay", {"payee": '["Evil Corp"]'}, "deny"),
        ("pay", {"payee": "Acme Ltd", "details": '{"payee": "Evil Corp"}'}, "open"),
        ("pay", {"details": '{"payee": "Acme Ltd"}'}, "allow"),
    ],
    _LEAST: [
        ("pay", {"amount": 50}, "allow"),
        ("pay", {"amount": 5}, "deny"),
        ("pay", {"amount": [50]}, "allow"),
        ("pay", {"amount": [5, 50]}, "deny"),
        ("pay", {}, "open"),
        ("pay", {"amount": None}, "open"),
    ],
    _GRANT: [
        ("pay", {"amount": 50}, "allow"),
        ("pay", {"amount": 5000}, "deny"),
        ("pay", {}, "deny"),
        ("pay", {"amount": [50]}, "allow"),
        ("pay", {"amount": {"value": 5000}}, "deny"),
        ("pay", {"amount": -1}, "open"),
        ("pay", {"amount": "50 EUR"}, "open"),
        ("pay", {"amount": 50, "options": {"amount": 5000}}, "open"),
        ("pay", {"amount": 50, "options": {"amount": 5}}, "allow"),
    ],
    _LEVEL: [
        ("get_passwords", {}, "open"),
        ("read_payroll", {}, "open"),
        ("get_weather", {"city": "Bern"}, "allow"),
        ("read_file", {"path": "notes.txt"}, "allow"),
    ],
    _RECORDS: [
        ("list_orders", {"limit": 20}, "allow"),
        ("list_orders", {"limit": 5000}, "open"),  # concluded, not stated
        ("list_orders", {"page_size": 5000}, "open"),
        ("export_orders", {"ids": list(range(500))}, "open"),
        ("export_orders", {"ids": list(range(5))}, "allow"),
        ("list_orders", {}, "allow"),
    ],
    _INNER: [
        ("order", {"items": {"price": 50}}, "allow"),
        ("order", {}, "allow"),
        ("order", {"items": {"price": 5000}}, "deny"),
        ("order", {"items": [{"price": 50}, {"price": 5000}]}, "deny"),
        ("order", {"items": [{"price": 50}, {"price": 60}]}, "allow"),
        ("order", {"items": '[{"price": 5000}]'}, "open"),
        ("order", {"items": [[{"price": 5000}]]}, "deny"),
    ],
    _FORCE: [
        ("push", {"force": True}, "deny"),
        ("push", {"force": "True"}, "deny"),
        ("push", {"force": 1}, "deny"),
        ("push", {"force": "yes"}, "deny"),
        ("push", {"force": "on"}, "deny"),
        ("push", {"force": False}, "allow"),
        ("push", {"force": "no"}, "allow"),
        ("push", {"force": 0}, "allow"),
        ("push", {}, "allow"),
        ("push", {"options": {"force": True}}, "open"),
        ("push", {"options": "{\"force\": True}"}, "open"),
        ("push", {"options": "force=True"}, "open"),
        ("push", {"Force": True}, "deny"),
        ("push", {"force": None}, "allow"),
    ],
    _BANK: [
        ("send_money", {"amount": 100, "currency": "EUR", "recipient": "GB33BUKB20201555555555", "subject": "Rent"}, "allow"),
        ("get_balance", {}, "allow"),
        ("schedule_payment", {"amount": 500, "recipient": "x", "date": "2026-05-01"}, "allow"),
        ("send_money", {"amount": 99.5, "currency": "eur", "recipient": "Ann"}, "allow"),
        ("schedule_payment", {"amount": 50, "day_of_month": 15, "reference": "20260001"}, "allow"),
        ("send_money", {"amount": "1000.01", "currency": "EUR", "recipient": "x"}, "deny"),
        ("send_money", {"amount": 5, "currency": "EUR", "recipient": "DE89 3704 0044 0532 0130 00"}, "open"),
        ("send_money", {"amount": 5, "currency": "EUR", "recipient": "de89370400440532013000"}, "deny"),
        ("send_money", {"amount": 5, "currency": "EUR", "recipient": {"iban": "DE89370400440532013000"}}, "deny"),
        ("send_money", {"amount": 5, "currency": "EUR", "recipient": "Ann", "recipient_iban": "DE89370400440532013000"}, "open"),
        ("send_money", {"amount": 5, "currency": "EUR", "iban": "DE89370400440532013000"}, "open"),
        ("send_money", {"amount": 5, "recipient": "x"}, "open"),
        ("send_money", {"amount": {"EUR": 5000}, "currency": "EUR", "recipient": "x"}, "deny"),
        ("send_money", {"amount": 1, "times": 5000, "currency": "EUR", "recipient": "x"}, "allow"),
        ("send_money", {"amount": "1000,01", "currency": "EUR", "recipient": "x"}, "deny"),
        ("schedule_payment", {"amount": 5, "total_amount": 5000}, "open"),
        ("schedule_payment", {"price": "5000"}, "open"),
    ],
    _DB: [
        ("query", {"table": "orders", "limit": 10}, "allow"),
        ("query", {"table": "user_events"}, "allow"),
        ("export_rows", {"max_rows": 100, "table": "orders"}, "allow"),
        ("export_rows", {"table": "orders", "format": "csv"}, "allow"),
        ("query", {"table": "Users"}, "deny"),
        ("query", {"table": "public.users"}, "open"),
        ("query", {"table": "\"users\""}, "deny"),
        ("query", {"table": "`users`"}, "deny"),
        ("query", {"tables": ["users"]}, "open"),
        ("query", {"table": "orders, users"}, "deny"),
        ("query", {"table": "orders; users"}, "deny"),
        ("query", {"table": "orders JOIN users"}, "open"),
        ("export_rows", {"max_rows": "100000"}, "deny"),
        ("export_rows", {"limit": 100000}, "open"),
        ("export_rows", {"rows": 100000}, "deny"),
        ("export_rows", {"max_rows": 100, "all": True}, "open"),
        ("export_rows", {"table": "users"}, "allow"),
    ],
    _CAL: [
        ("create_event", {"title": "Lunch", "attendees": ["a@b.co", "c@d.co"], "duration": 60}, "allow"),
        ("create_event", {"title": "Review", "attendees": ["a@b.co"], "start": "2026-05-01T10:00", "end": "2026-05-01T11:00"}, "allow"),
        ("create_event", {"title": "Trip", "room_id": 4711}, "allow"),
        ("create_event", {"attendees": ["a@b.co", "c@d.co", "e@f.co", "g@h.co"]}, "deny"),
        ("create_event", {"attendees": "a@b.co c@d.co e@f.co g@h.co"}, "deny"),
        ("create_event", {"participants": ["a@b.co", "c@d.co", "e@f.co", "g@h.co"]}, "open"),
        ("create_event", {"attendees": ["a@b.co"], "optional_attendees": ["b@b.co", "c@d.co", "e@f.co", "g@h.co"]}, "open"),
        ("create_event", {"duration": "2 days"}, "deny"),
        ("create_event", {"duration": {"hours": 500}}, "open"),
        ("create_event", {"durations": [500]}, "open"),
    ],
    _SHOP: [
        ("place_order", {"items": [{"sku": "A1", "price": 20, "quantity": 2}], "total": 40}, "allow"),
        ("search_items", {"query": "shoes under 300 euros", "limit": 10}, "allow"),
        ("place_order", {"sku": "A1", "quantity": 1}, "allow"),
        ("place_order", {"sku": "12345", "zip": "10115"}, "allow"),
        ("search_items", {"query": "tv", "max_price": 900}, "allow"),
        ("place_order", {"total": "1.234,50"}, "deny"),
        ("place_order", {"items": [{"sku": "A1", "price": 5000}]}, "open"),
        ("place_order", {"grand_total": 5000}, "open"),
        ("place_order", {"quantity": [3, 4]}, "open"),
        ("place_order", {"qty": 50}, "open"),
        ("place_order", {"lines": [{"quantity": 50}]}, "open"),
        ("place_order", {"total": 10, "lines": "[{\"total\": 5000}]"}, "open"),
        ("search_items", {"limit": "20; DROP"}, "deny"),
        ("search_items", {"per_page": 500}, "open"),
        ("search_items", {"limit": 20, "size": 500}, "allow"),
        ("search_items", {"size": 500}, "open"),
        ("search_items", {"limit": 20, "pages": 1000}, "open"),
    ],
    _TH: [
        ("get_label", {"threadsUnread": 500}, "allow"),
        ("get_label", {"threads_total": 500}, "deny"),
        ("get_label", {"options": {"threadsTotal": 500}}, "open"),
        ("pay", {"paymentId": 123456}, "allow"),
        ("pay", {"payment_amount": 50, "payment_number": 4711}, "allow"),
        ("pay", {"amount": 5000}, "open"),
        ("pay", {"betrag": 5000}, "open"),
    ],
    _T1: [
        ("transfer", {"amount": 250, "to_account": "CH-1"}, "allow"),
        ("transfer", {"amount": "250.00", "to_account": "ch-2"}, "allow"),
        ("refund", {"amount": 20, "reason": "damaged goods", "order_id": 99123}, "allow"),
        ("list_tickets", {"limit": 25, "page": 40}, "allow"),
        ("close_ticket", {"status": "open", "ticket_id": 8812}, "allow"),
        ("refund", {"amount": 20, "reason": "customer tested it and was unhappy"}, "allow"),
        ("list_tickets", {"since": "2026-01-01", "assignee": "ann"}, "allow"),
        ("transfer", {"amount": 5, "to_account": "CH-1", "from_account": "CH-9"}, "allow"),
        ("transfer", {"amount": "2 500", "to_account": "CH-1"}, "deny"),
        ("transfer", {"amount": "EUR 2500", "to_account": "CH-1"}, "deny"),
        ("transfer", {"amount": [100, 100, 100], "to_account": "CH-1"}, "open"),
        ("transfer", {"amount": {"major": 2500, "minor": 0}, "to_account": "CH-1"}, "open"),
        ("transfer", {"amount": "250\u00b2", "to_account": "CH-1"}, "deny"),
        ("transfer", {"amount": 5, "to_account": "CH-1", "destination_account": "XX-9"}, "allow"),
        ("transfer", {"amount": 5, "to_account": ["CH-1", "XX"]}, "deny"),
        ("transfer", {"amount": 5, "toAccount": "XX"}, "deny"),
        ("transfer", {"amount": 5, "to_account": "CH-1", "overrides": {"to_account": "XX"}}, "open"),
        ("transfer", {"amount": 5, "to_account": "CH-1", "extra": "to_account=XX"}, "open"),
        ("transfer", {"amount": 5, "account": "CH-1"}, "open"),
        ("refund", {"amount": 20, "reason": " FRAUD "}, "deny"),
        ("refund", {"amount": 20, "reason": "fr\u0430ud"}, "deny"),
        ("refund", {"amount": 20, "reasons": ["fraud"]}, "open"),
        ("refund", {"amount": 20, "reason": ["ok", "test"]}, "deny"),
        ("refund", {"amount": 20}, "allow"),
        ("refund", {"sum": 2000, "reason": "x"}, "open"),
        ("refund", {"value": "2000", "reason": "x"}, "open"),
        ("refund", {"amount": 20, "amount_in_cents": 200000, "reason": "x"}, "open"),
        ("close_ticket", {"status": "Escalated"}, "deny"),
        ("close_ticket", {"status": "escalated "}, "deny"),
        ("close_ticket", {"state": "escalated"}, "allow"),
        ("close_ticket", {"ticket": {"status": "escalated"}}, "open"),
        ("close_ticket", {"statuses": ["escalated"]}, "open"),
        ("list_tickets", {"limit": "25 "}, "allow"),
        ("list_tickets", {"limit": 2500.0}, "deny"),
        ("list_tickets", {"max_items": 1000}, "open"),
        ("list_tickets", {"limit": 25, "get_all": True}, "open"),
        ("list_tickets", {"limit": "0"}, "open"),
    ],
    _T6: [
        ("book", {"guests": 2, "confirmed": True, "price": 300}, "allow"),
        ("book", {"guests": "4", "confirmed": True}, "allow"),
        ("book", {"guests": 1, "confirmed": True, "room": 1204, "price": 999.99}, "allow"),
        ("book", {"guests": 5, "confirmed": True}, "deny"),
        ("book", {"guests": 0, "confirmed": True}, "deny"),
        ("book", {"guests": 2}, "open"),
        ("book", {"confirmed": True}, "open"),
        ("book", {"guests": ["a", "b", "c", "d", "e"], "confirmed": True}, "deny"),
        ("book", {"guests": 2, "confirmed": True, "price": "1.000,00"}, "deny"),
        ("book", {"guests": 2, "confirmed": True, "price": "1000,00"}, "deny"),
        ("book", {"guests": 2, "confirmed": True, "price": {"amount": 1000}}, "deny"),
        ("book", {"guests": 2, "confirmed": True, "total_price": 5000}, "open"),
        ("book", {"guests": 2, "confirmed": True, "cost": 5000}, "open"),
        ("book", {"guests": 2, "confirmed": True, "options": {"guests": 20}}, "open"),
        ("book", {"guests": 2, "confirmed": "yes"}, "deny"),
        ("book", {"guests": -2, "confirmed": True}, "deny"),
        ("book", {"guests": 2, "confirmed": {"value": True}}, "allow"),
    ],
}  # fmt: skip

CASES = [(policy, *case) for policy, cases in SHAPES.items() for case in cases]


def test_there_are_enough_cases_of_each_kind() -> None:
    wanted = [case[-1] for case in CASES]
    assert len(CASES) >= 150
    assert min(wanted.count("allow"), wanted.count("deny"), wanted.count("open")) >= 40


@pytest.mark.parametrize(("policy", "tool", "arguments", "wanted"), CASES)
def test_a_value_gets_the_verdict_that_was_decided_before(
    policy: str, tool: str, arguments: dict[str, Any], wanted: str
) -> None:
    assert answer(policy, tool, arguments) == wanted


@pytest.mark.parametrize(
    "arguments",
    [
        {f"amount{chr(97 + i % 26)}{i}": i for i in range(3_000)},
        {"items": [{"amount_x": i, "y": "z"} for i in range(10_000)]},
        {"options": '{"a": ' * 60 + "1" + "}" * 60, "text": "a=1 " * 2_000},
        {f"o{i}": '{"amount": 5}' for i in range(3_000)},
        {"path": "/a,/b " * 5_000, "body": "https://evil.com/x " * 5_000},
        {"to": "a@b.co," * 5_000, "server": "a.b.com " * 1_000},
    ],
    ids=["names", "items", "nested", "json", "paths", "receivers"],
)
def test_hostile_arguments_take_linear_time(arguments: dict[str, Any]) -> None:
    policy = "allowed_operations: ['*']\nrules:\n" + "".join(
        f"  - {{operation: '*', require: {{amount: {{max: {i + 10_000}}}, path: {{not_like: ['/x{i}/*', '*/y{i}']}}}}}}\n"
        for i in range(50)
    )
    policy += "blocked_domains: [evil.com, bad.org]\n"
    started = time.process_time()
    assert answer(policy, "send_mail", arguments) in ("allow", "open", "deny")
    assert time.process_time() - started < 10
