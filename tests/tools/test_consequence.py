"""What a call can cost, by name and effect: the wanted answers, stated before they were tried."""

from __future__ import annotations

import pytest

from gatling.tools.by_name import effect
from gatling.tools.call_effect import effect_of_call
from gatling.tools.consequence import CONSEQUENCES, Consequence, consequence_of

TABLE = """
read_file list_files search_emails get_balance get_weather find_order lookup_price show_invoice list_payments get_password_policy | reads
search_products query_database fetch_page get_iban list_roles read_inbox count_rows check_availability describe_instance view_ticket | reads
create_note update_draft rename_file add_label write_file mark_read move_file create_folder edit_document set_reminder append_line | changes
create_event add_contact update_ticket archive_email copy_file | changes
send_email send_message post_comment share_file invite_user forward_email reply_email publish_post notify_team | sends
create_issue add_comment create_webhook submit_review create_post add_invitation issues.create | sends
send_money make_payment pay_invoice refund_order place_order transfer_funds buy_ticket checkout_cart donate wire_transfer | costs
purchase_item charge_card create_invoice reimburse_expense withdraw_cash | costs
delete_file remove_user purge_logs grant_access revoke_key reset_password execute_command run_shell set_permission drop_table | endangers
wipe_disk install_package deploy_service rotate_secret update_role create_ssh_key unlock_account disable_mfa add_forwarding_rule | endangers
""".strip().splitlines()
CASES = [(tool, wanted.strip()) for line in TABLE for tools, wanted in [line.split("|")] for tool in tools.split()]


@pytest.mark.parametrize(("tool", "wanted"), CASES)
def test_what_a_call_can_cost(tool: str, wanted: Consequence) -> None:
    assert consequence_of(tool, effect(tool)) == wanted


@pytest.mark.parametrize(
    ("tool", "arguments", "wanted"),
    [
        ("download_file", {"url": "http://a.example/b.pdf"}, "reads"),
        ("download_file", {"path": "/docs/b.pdf"}, "reads"),
        ("download_file", {"file_id": "f1", "format": "pdf"}, "reads"),
        ("download_file", {"url": "http://a.example/b.pdf", "path": ""}, "reads"),
        ("read_file", {"path": "a", "folder": "b"}, "reads"),
        ("get_file", {"path": "a", "file_id": "b"}, "reads"),
        ("fetch_trains", {"origin": "Rome", "destination": "Berlin"}, "reads"),
        ("download_attachment", {"message_id": "m1", "filename": "bill.pdf"}, "reads"),
        ("get_directions", {"to": "Main St. 4"}, "reads"),
        ("fetch_report", {"id": 3, "output": "json"}, "reads"),
        ("download_file", {"url": "http://a.example/b.pdf", "path": "/home/ann/b.pdf"}, "changes"),
        ("download_file", {"url": "http://a.example/b.pdf", "filename": "b.pdf"}, "changes"),
        ("download_attachment", {"message_id": "m1", "folder": "Invoices"}, "changes"),
        ("download_attachment", {"attachment": 4, "directory": "in"}, "changes"),
        ("fetch_and_save", {"url": "http://a.example", "save_to": "a.html"}, "changes"),
        ("fetch_url", {"url": "http://a.example", "output_path": "a.html"}, "changes"),
        ("get_attachment", {"id": "a1", "save_path": "a.pdf"}, "changes"),
        ("clone_repo", {"repo": "a/b", "destination": "/srv/b"}, "changes"),
        ("download_key", {"id": "k", "folder": "keys"}, "endangers"),
    ],
)
def test_what_is_kept_where_the_call_says_is_written(
    tool: str, arguments: dict[str, object], wanted: Consequence
) -> None:
    of_tool = "read" if wanted == "reads" or effect(tool) == "read" else effect(tool)
    assert consequence_of(tool, effect_of_call(tool, of_tool, arguments)) == wanted


def test_all_of_them_and_enough_cases() -> None:
    assert {wanted for _, wanted in CASES} == set(CONSEQUENCES)
    assert len(CASES) > 70


@pytest.mark.parametrize(
    ("tool", "declared", "wanted"),
    [
        ("delete_file", "read", "reads"),
        ("frobnicate", "delete", "endangers"),
        ("frobnicate", "admin", "endangers"),
        ("frobnicate", "send", "sends"),
        ("frobnicate", "write", "changes"),
        ("pay", "send", "costs"),
        ("pay_for_key", "send", "endangers"),
        ("payMoney", "write", "costs"),
        ("monkey_see", "write", "changes"),
        ("", "write", "changes"),
    ],
)
def test_a_declared_effect_comes_before_the_name(tool: str, declared: str, wanted: Consequence) -> None:
    assert consequence_of(tool, declared) == wanted
