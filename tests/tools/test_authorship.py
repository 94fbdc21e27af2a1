"""Whose text a tool returns, by its name: the wanted answers, and the two thresholds that are put to them."""

from __future__ import annotations

import pytest

from gatling.provenance.sources import by_name
from gatling.tools import load_catalog
from gatling.tools.authorship import authorship, shows_outside_text

WANTED = {
    "own": "get_balance get_iban whoami get_current_time get_current_date get_my_profile calculate_total convert_currency",
    "records": "get_unread_emails search_emails read_inbox list_messages get_channel_messages search_calendar_events "
    "list_tickets get_issue list_orders get_transactions get_reviews list_contacts get_customer search_products list_files "
    "list_bookings",
    "text": "get_webpage browse_url fetch_page read_file get_document download_attachment read_note open_website "
    "wikipedia_lookup_page",
    "unknown": "get_status list_processes describe_table get_weather frobnicate",
}


@pytest.mark.parametrize(("tool", "wanted"), [(t, a) for a, tools in WANTED.items() for t in tools.split()])
def test_authorship(tool: str, wanted: str) -> None:
    assert authorship(tool) == wanted


def test_both_thresholds_ask_the_same_function() -> None:
    reading = [spec.name for spec in load_catalog(["builtin"]) if spec.effect == "read"]
    assert len(reading) > 500
    for tool in reading:
        found = authorship(tool)
        assert (by_name(tool).output == "trusted") == (found == "own"), tool
        assert bool(by_name(tool).attested) == (found == "records"), tool
        assert not (shows_outside_text(tool) and found in ("own", "unknown")), tool
