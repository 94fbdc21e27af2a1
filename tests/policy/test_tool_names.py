"""Names of tools that a rule does not write but may well mean: below a name space, in the plural, with letters or digits that look
alike. Such a call is open at least; a tool that only shares words with it is not touched."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policy.test_value_shapes import Case, answer

_ANY = "allowed_operations: ['*']\nforbidden_operations: [delete_file, send_mail, pay, fs.write_file, wipe_*]"
_DEFAULT = "default: allow\nforbidden_operations: [delete_file]"
_NAMED = "allowed_operations: [read_file, delete_files, mcp__box__delete_file]\nforbidden_operations: [delete_file]"
_LIMITED = "allowed_operations: ['*']\nscope_limits: {send_money.amount: 100}"
_ASKED = "allowed_operations: ['*']\nexplicit_request_required: [send_money]"
_ROLE = "allowed_operations: ['*']\nroles: {guest: {forbidden_operations: [delete_file]}}"
_BEFORE = "allowed_operations: ['*']\nprovenance_requirements: {send_money: internal}"

_BASH = "allowed_operations: ['*']\nforbidden_operations: [bash, delete_file, list_users]"
_GIT = "default: allow\nforbidden_operations: [merge_pull_request, delete_branch, force_push]"
_LOWER = "allowed_operations: ['get_*', 'list_*', 'search_*', 'send_message']\nforbidden_operations: [get_secret, list_api_keys, get_user_email]"
_T5 = "allowed_operations: ['*']\nforbidden_operations: [drop_table, 'admin_*', transfer_funds, shell, 'users.delete']"
NAMES: dict[str, list[Case]] = {
    _ANY: [
        ("delete_file", {}, "deny"),
        ("deleteFile", {}, "deny"),
        ("d\u0435lete_file", {}, "deny"),
        ("mcp__fs__delete_file", {}, "open"),
        ("fs.delete_file", {}, "open"),
        ("fs/delete_file", {}, "open"),
        ("functions.delete_file", {}, "open"),
        ("filesystem-delete_file", {}, "open"),
        ("fs_delete_file", {}, "open"),
        ("delete_files", {}, "open"),
        ("mcp__fs__deleteFiles", {}, "open"),
        ("de1ete_file", {}, "open"),
        ("delete_fi1e", {}, "open"),
        ("de1ete_fi1es", {}, "open"),
        ("mcp__fs__de1ete_file", {}, "open"),
        ("delet_file", {}, "open"),
        ("delete_flie", {}, "open"),
        ("delete_file_v2", {}, "open"),
        ("delete_file_now", {}, "open"),
        ("delete_file2", {}, "open"),
        ("delete_a_file", {}, "open"),
        ("remove_file", {}, "open"),
        ("del_file", {}, "open"),
        ("fs.rm_files", {}, "open"),
        ("file_purge", {}, "open"),
        ("bulk_delete_files", {}, "open"),
        ("force_delete_file", {}, "open"),
        ("delete_file_tool", {}, "open"),
        ("delete-file", {}, "deny"),
        ("s3nd_mail", {}, "open"),
        ("send_mails", {}, "open"),
        ("gmail.send_mail", {}, "open"),
        ("pay", {}, "deny"),
        ("bank.pay", {}, "open"),
        ("mcp__bank__pay", {}, "open"),
        ("fs.write_file", {}, "deny"),
        ("write_file", {}, "open"),
        ("db.write_file", {}, "allow"),
        ("mcp__fs__write_file", {}, "open"),
        ("wipe_disk", {}, "deny"),
        ("fs.wipe_disk", {}, "open"),
        ("mcp__os__wipe_disk", {}, "open"),
        ("w1pe_disk", {}, "open"),
        # what only shares words with it
        ("read_file", {}, "allow"),
        ("mcp__fs__read_file", {}, "allow"),
        ("undelete_file", {}, "allow"),
        ("remove_folder", {}, "allow"),
        ("read_file2", {}, "allow"),
        ("delete_filter", {}, "allow"),
        ("delete_profile", {}, "allow"),
        ("delete_draft", {}, "allow"),
        ("list_deleted_files", {}, "allow"),
        ("get_delete_file_log", {}, "allow"),
        ("read_mail", {}, "allow"),
        ("send_message", {}, "allow"),
        ("get_payslip", {}, "allow"),
        ("pay_rent", {}, "allow"),
        ("payments.list", {}, "allow"),
        ("play", {}, "allow"),
        ("swipe_card", {}, "allow"),
        ("create_file", {}, "allow"),
        ("send_fax", {}, "allow"),
    ],
    _DEFAULT: [
        ("read_file", {}, "allow"),
        ("delete_file", {}, "deny"),
        ("mcp__fs__delete_file", {}, "open"),
        ("delete_files", {}, "open"),
        ("de1ete_file", {}, "open"),
        ("deliver_file", {}, "allow"),
    ],
    _NAMED: [
        ("read_file", {}, "allow"),
        ("delete_files", {}, "allow"),
        ("mcp__box__delete_file", {}, "allow"),
        ("delete_file", {}, "deny"),
        ("mcp__fs__delete_file", {}, "deny"),
    ],
    _LIMITED: [
        ("send_money", {"amount": 50}, "allow"),
        ("send_money", {"amount": 5000}, "deny"),
        ("mcp__bank__send_money", {"amount": 50}, "allow"),
        ("mcp__bank__send_money", {"amount": 5000}, "open"),
        ("bank.send_money", {"amount": 5000}, "open"),
        ("s3nd_money", {"amount": 5000}, "open"),
        ("send_moneys", {"amount": 50}, "allow"),
        ("get_money_report", {"amount": 5000}, "allow"),
    ],
    _ASKED: [
        ("mcp__bank__send_money", {}, "open"),
        ("get_balance", {}, "allow"),
    ],
    _ROLE: [
        ("mcp__fs__delete_file", {}, "allow"),
        ("delete_files", {}, "allow"),
    ],
    _BEFORE: [
        ("bank.send_money", {}, "open"),
        ("bank.get_balance", {}, "allow"),
    ],
    _BASH: [
        ("run_bash", {}, "open"),
        ("bash_tool", {}, "open"),
        ("execute_bash", {}, "open"),
        ("bash", {}, "deny"),
        ("bashful", {}, "allow"),
        ("get_bash_history", {}, "allow"),
        ("deleteFileForever", {}, "open"),
        ("delete_file_by_id", {}, "open"),
        ("delete_file:latest", {}, "open"),
        ("drive.files.delete", {}, "open"),
        ("file_delete", {}, "open"),
        ("FileDelete", {}, "open"),
        ("files.delete", {}, "open"),
        ("files.list", {}, "allow"),
        ("list_users_by_team", {}, "allow"),
        ("users.list", {}, "open"),
        ("file_deleted_event", {}, "allow"),
        ("d_elete_file", {}, "deny"),
    ],
    _GIT: [
        ("create_pull_request", {}, "allow"),
        ("get_pull_request", {}, "allow"),
        ("list_branches", {}, "allow"),
        ("create_branch", {}, "allow"),
        ("push", {}, "allow"),
        ("merge_conflicts_report", {}, "allow"),
        ("delete_comment", {}, "allow"),
        ("push_files", {}, "allow"),
        ("mcp__github__merge_pull_request", {}, "open"),
        ("github.merge_pull_request", {}, "open"),
        ("merge_pull_requests", {}, "open"),
        ("pull_request.merge", {}, "open"),
        ("merge_pu11_request", {}, "open"),
        ("branches.delete", {}, "open"),
        ("delete_branch_protection", {}, "open"),
        ("forcePush", {}, "deny"),
        ("git_force_push", {}, "open"),
        ("push_force", {}, "open"),
        ("admin_merge_pull_request", {}, "open"),
        ("MergePullRequestTool", {}, "open"),
    ],
    _LOWER: [
        ("get_user", {}, "allow"),
        ("list_users", {}, "allow"),
        ("search_docs", {}, "allow"),
        ("send_message", {}, "allow"),
        ("get_user_name", {}, "allow"),
        ("list_keys", {}, "allow"),
        ("get_secretary", {}, "allow"),
        ("get_secrets", {}, "open"),
        ("get_secret_value", {}, "allow"),
        ("get_s3cret", {}, "open"),
        ("list_apikeys", {}, "deny"),
        ("list_api_key", {}, "open"),
        ("get_user_emails", {}, "open"),
        ("get_useremail", {}, "deny"),
        ("get_secret_v2", {}, "open"),
        ("get_Secret", {}, "deny"),
    ],
    _T5: [
        ("list_tables", {}, "allow"),
        ("create_table", {}, "allow"),
        ("transfer_ownership", {}, "allow"),
        ("get_funds", {}, "allow"),
        ("users.list", {}, "allow"),
        ("users.create", {}, "allow"),
        ("shellfish_order", {}, "allow"),
        ("drop_off_parcel", {}, "allow"),
        ("posts.delete", {}, "allow"),
        ("drop_tables", {}, "open"),
        ("db.drop_table", {}, "open"),
        ("DropTable", {}, "deny"),
        ("table.drop", {}, "open"),
        ("dr0p_table", {}, "open"),
        ("drop_table_if_exists", {}, "open"),
        ("mcp__db__drop_table", {}, "open"),
        ("admin_reset", {}, "deny"),
        ("mcp__x__admin_reset", {}, "open"),
        ("adm1n_reset", {}, "open"),
        ("Admin.reset", {}, "deny"),
        ("transfer_fund", {}, "open"),
        ("bank__transfer_funds", {}, "open"),
        ("funds_transfer", {}, "open"),
        ("transferFundsV2", {}, "open"),
        ("run_shell", {}, "open"),
        ("mcp__os__shell", {}, "open"),
        ("she11", {}, "open"),
        ("user.delete", {}, "open"),
        ("delete_users", {}, "open"),
        ("delete_user", {}, "open"),
        ("api.users.delete", {}, "open"),
        ("users/delete", {}, "deny"),
    ],
}  # fmt: skip

CASES = [(policy, *case) for policy, cases in NAMES.items() for case in cases]


@pytest.mark.parametrize(("policy", "tool", "arguments", "wanted"), CASES)
def test_a_name_gets_the_verdict_that_was_decided_before(
    policy: str, tool: str, arguments: dict[str, Any], wanted: str
) -> None:
    assert answer(policy, tool, arguments) == wanted
