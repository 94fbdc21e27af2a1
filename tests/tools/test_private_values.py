"""Private values: what opens something and numbers of accounts are found in prose and records; what is public is not."""

from __future__ import annotations

import time

import pytest

from gatling.tools.private_values import private_values, squash


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Your login code is 883412. Do not share it.", ["883412"]),
        ("883412 is your verification code", ["883412"]),
        ("login code: 883 412", ["883 412"]),
        ("name: Ann; code: AX-99812-77", ["AX-99812-77"]),
        ("otp: 883412; valid: 10", ["883412"]),
        ("password: swordfish", ["swordfish"]),
        ("The password is hunter2.", ["hunter2"]),
        ("backup_codes: 11112222, 33334444", ["11112222", "33334444"]),
        ("https://bank.example/reset?token=abc123xyz", ["abc123xyz"]),
        ("The code of the door is 4711.", ["4711"]),
        ("Your login code for the order page is 883412.", ["883412"]),
        ("Passwort: Geheim1", ["Geheim1"]),
        ("Ihr Code lautet 5512.", ["5512"]),
        ("account_number: 12345678", ["12345678"]),
        ("Paid by 4111 1111 1111 1111.", ["4111 1111 1111 1111"]),
        ("To DE89370400440532013000 please", ["DE89370400440532013000"]),
        ("AKIAIOSFODNN7EXAMPLE", ["AKIAIOSFODNN7EXAMPLE"]),
    ],
)
def test_what_opens_something_and_numbers_of_accounts_are_private(text: str, wanted: list[str]) -> None:
    assert [value.text for value in private_values(text)] == wanted


@pytest.mark.parametrize(
    "text",
    [
        "Use code SUMMER20 at checkout for 20 % off.",
        "tracking code: 1Z999AA10123456784",
        "error code: E1042",
        "next_page_token: abc123def",
        "zip code 80331",
        "order ORD-2214; product code: SKU-99121",
        "Your password has expired.",
        "Reset your password within 24 hours",
        "The account manager is Bob, on 2026-11-12 at 10:30",
        "Paid by 4111 1111 1111 1112.",
        "To DE88370400440532013000 please",
        "The key results of 2024 are good",
        "The code was written in 2024.",
    ],
)
def test_what_is_there_to_be_passed_on_is_not(text: str) -> None:
    assert private_values(text) == ()


def test_a_value_on_a_line_of_its_own_has_its_label_on_the_line_before() -> None:
    assert private_values("883412") == ()
    assert [v.text for v in private_values("883412", "Hello Ann.\nYour login code:")] == ["883412"]


def test_it_says_what_opens_and_what_is_only_a_number() -> None:
    assert [(v.label, v.opens) for v in private_values("password: swordfish; iban: 20100077")] == [
        ("a password", True),
        ("the number of an iban", False),
    ]


def test_separators_and_letter_case_do_not_count() -> None:
    assert squash("AX-99812-77") == squash("ax 99812_77") == "ax9981277"


def test_a_long_text_of_labels_takes_no_longer_than_its_length() -> None:
    def took(text: str) -> float:
        start = time.process_time()
        private_values(text)
        return time.process_time() - start

    for piece in ("code ", "code 883412 ", "8834 ", "4111 ", "DE89 "):
        took(piece * 100)
        short, long = took(piece * 2_000), took(piece * 8_000)
        assert long < 12 * short + 0.3
