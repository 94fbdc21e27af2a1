"""What the names of arguments say: the wanted answers, a name a line."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gatling.schema.arguments import (
    dotted,
    dotted_leaves,
    end_of_range,
    is_amount,
    is_destination_name,
    is_duration,
    is_free_text_name,
    is_limit,
    leaves,
    number_of,
    walk,
)

LIMITS = """
limit max_results maxResults page_size pageSize per_page perPage results_per_page n k top top_k count num_results
number_of_results max_rows row_limit rows results
batch_size max_items max_keys first max max_count result_limit message_limit max_messages
num_emails options.limit query.maxResults Limit LIMIT max-results file_limit
"""
NO_LIMITS = """
quantity qty amount price max_price credit_limit spending_limit speed_limit rate_limit phone_number account_number card_number
order_number order_id invoice_number room_number flight_number tracking_number house_number version_number id days hours duration
size volume page offset min_results_text title to body start_time limits_of_liability_text name number weight_limit age_limit
"""
AMOUNTS = "amount price total sum budget fee cost quantity qty unit_price total_amount max_price order.amount"
NO_AMOUNTS = "limit count account_number recipient title row_limit max_results"
DURATIONS = "days hours minutes retention_days duration period lookback_window ttl expires window"
NO_DURATIONS = "day date start_time limit time hourly_rate_text"
ENDS = "end until before end_date endTime to_date_until timeMax latest_time through"
STARTS = "start since after from_date startTime timeMin begin earliest"
NEITHER = "date day time limit max min max_results title start_end"
DESTINATIONS = "to cc bcc recipient recipients webhook_url callbackUrl payee beneficiary host url attendees forward_to"
NO_DESTINATIONS = "from title body path sender limit date"
FREE = "body subject commit_message message note notes description issue.body html summary reason instructions"
NOT_FREE = "message_id subject_id path to title_id text_format limit content_type"

CASES = [
    *((is_limit, name, True) for name in LIMITS.split()),
    *((is_limit, name, False) for name in NO_LIMITS.split()),
    *((is_amount, name, True) for name in AMOUNTS.split()),
    *((is_amount, name, False) for name in NO_AMOUNTS.split()),
    *((is_duration, name, True) for name in DURATIONS.split()),
    *((is_duration, name, False) for name in NO_DURATIONS.split()),
    *((end_of_range, name, 1) for name in ENDS.split()),
    *((end_of_range, name, -1) for name in STARTS.split()),
    *((end_of_range, name, 0) for name in NEITHER.split()),
    *((is_destination_name, name, True) for name in DESTINATIONS.split()),
    *((is_destination_name, name, False) for name in NO_DESTINATIONS.split()),
    *((is_free_text_name, name, True) for name in FREE.split()),
    *((is_free_text_name, name, False) for name in NOT_FREE.split()),
]


@pytest.mark.parametrize(("question", "name", "wanted"), CASES, ids=lambda x: getattr(x, "__name__", str(x)))
def test_names(question: Any, name: str, wanted: Any) -> None:
    assert question(name) == wanted


def test_a_path_with_positions_is_asked_as_its_innermost_key() -> None:
    assert is_limit(("query", "limit", 0))
    assert not is_limit(("limit", "name"))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (5, 5), (2.5, 2.5), (5.0, 5), ("5", 5), (" 5 ", 5), ("1,000", 1000), ("1,250.50", 1250.5), ("1e6", 1_000_000),
        ("-3", -3), (10**400, 10**400), (True, None), (False, None), (None, None), ("", None), ("five", None), ("5 days", None),
        ("2025-05-17", None), ("nan", None), ("inf", None), (math.nan, None), (math.inf, None), ("9" * 41, None), ([5], None),
        ({}, None),
    ],
)  # fmt: skip
def test_numbers(value: Any, wanted: Any) -> None:
    found = number_of(value)
    assert found == wanted
    assert type(found) is type(wanted)


def test_walking_yields_containers_before_what_they_hold_and_scalars_in_order() -> None:
    value = {"a": [1, {"b": None}], "c": {}, "d": "x"}
    assert [path for path, _ in walk(value)] == [(), ("a",), ("a", 0), ("a", 1), ("a", 1, "b"), ("c",), ("d",)]
    assert list(leaves(value)) == [(("a", 0), 1), (("a", 1, "b"), None), (("d",), "x")]
    assert dotted_leaves(value) == [("a", 1), ("a.b", None), ("d", "x")]
    assert dotted(("a", 1, "b")) == "a.b"


def test_depth_costs_no_recursion() -> None:
    value: Any = 1
    for _ in range(2_000):
        value = {"k": value}
    ((path, leaf),) = leaves(value)
    assert (len(path), leaf) == (2_000, 1)
