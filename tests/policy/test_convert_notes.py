"""Comments of a document whose comments are notes: they open nothing, each is listed, and whatever is no comment rules as before."""

from __future__ import annotations

import json

import pytest

from gatling.errors import InputError
from gatling.policy.convert import Comments, Conversion, convert, decided
from gatling.policy.convert.notes import TAKEN
from tests.policy.probes import DOCUMENTS, TOOLS

FORBIDS = "keep your hands off the till"
GRANTS = "Clerks may delete files."
COMMENTS = {
    "sudoers": ("a.txt", "# {}\n%clerk ALL = read_file, send_email\n"),
    "robots": ("a.txt", "# {}\nUser-agent: clerk\nAllow: read_file\nDisallow: delete_file\n"),
    "CSV": ("a.csv", "# {}\nrole,tool,effect\nclerk,read_file,allow\n"),
    "TOML": ("a.toml", "[roles.clerk.tools]\nread_file = true  # {}\n"),
    "YAML": ("a.yaml", "roles:\n  clerk:\n    can: [read_file] # {}\n"),
    "INI": ("a.ini", "; {}\n[clerk]\nread_file = allowed\n"),
    "HCL": ("a.hcl", '// {}\nrole "clerk" {{\n  tool "read_file" {{ effect = "allow" }}\n}}\n'),
    "HCL, over lines": ("a.hcl", '/* {} */\nrole "clerk" {{\n  tool "read_file" {{ effect = "allow" }}\n}}\n'),
    "XML": ("a.xml", '<policy>\n<!-- {} -->\n<rule role="clerk" tool="read_file" effect="allow"/>\n</policy>'),
    "HTML": (
        "a.html",
        "<html><body><!-- {} --><table>\n<tr><th>Tool</th><th>Clerk</th></tr>\n<tr><td>read_file</td><td>yes</td></tr>\n"
        "</table></body></html>",
    ),
    "member of an entry": (
        "a.json",
        '{{"rules": [{{"role": "clerk", "tool": "read_file", "effect": "allow", "_why": "{}"}}]}}',
    ),
    "member of a document": ("a.json", '{{"roles": {{"clerk": {{"can": ["read_file"]}}}}, "_comment": "{}"}}'),
    "list of a document": ("a.json", '{{"roles": {{"clerk": {{"can": ["read_file"]}}}}, "_comment": ["x y", "{}"]}}'),
}
"""For each notation a file, and a document that grants `read_file` and comments."""
PLACES = [place for place in DOCUMENTS if "comment" not in place and place not in ("TOML note", "footer", "mail")]
"""Without a member `remark`, which comments, and without documents in which nothing names a tool."""


def _made(notation: str, said: str, comments: Comments = "items") -> Conversion:
    file, form = COMMENTS[notation]
    return convert(form.format(said), file=file, tools=TOOLS, comments=comments)


def _tools(made: Conversion) -> set[str]:
    items = made.policy.get("allowed_operations", [])
    return {item if isinstance(item, str) else item["tool"] for item in items}


@pytest.mark.parametrize("notation", COMMENTS)
def test_a_restriction_in_a_comment_closes_until_it_is_a_note(notation: str) -> None:
    made = _made(notation, FORBIDS)
    assert made.open
    assert all(reading.statement.is_comment for reading in made.open)
    noted = _made(notation, FORBIDS, "notes")
    assert not noted.open
    assert noted.is_complete
    found = [reading for reading in noted.readings if FORBIDS in reading.statement.text and reading.note]
    assert [(reading.status, reading.note) for reading in found] == [("remark", TAKEN)]
    assert _tools(noted) >= {"read_file"}
    assert "# Comments: 1 taken for notes and not for rules, as --comments notes says." in noted.text
    assert "taken for notes" not in made.text


@pytest.mark.parametrize("notation", COMMENTS)
@pytest.mark.parametrize("comments", ["items", "notes"])
@pytest.mark.parametrize(
    "said", [GRANTS, "Only managers may delete files.", "clerks may delete_file", "default: allow"]
)
def test_a_grant_in_a_comment_grants_in_neither(notation: str, comments: Comments, said: str) -> None:
    made = _made(notation, said, comments)
    assert "delete_file" not in _tools(made)
    assert made.policy["default"] == "deny"


def test_a_comment_may_take_a_tool_from_others() -> None:
    text = "allow: [read_file, delete_file]\n# Only managers may delete files.\n"
    made = convert(text, file="a.yaml", tools=TOOLS)
    assert [i for i in made.policy["allowed_operations"] if i != "read_file"] == [
        {"tool": "delete_file", "roles": ["managers", "manager"]}
    ]
    noted = convert(text, file="a.yaml", tools=TOOLS, comments="notes")
    assert noted.policy["allowed_operations"] == ["read_file", "delete_file"]


@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_comment_closes_with_notes_too(place: str) -> None:
    file, write = DOCUMENTS[place]
    said = "Four eyes on everything."
    found = [convert(write(said), file=file, tools=TOOLS, comments=c) for c in ("items", "notes")]
    assert found[0].policy == found[1].policy
    assert found[1].open


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("clerk:\n  can: [read_file]\nrules: |\n  # Four eyes on everything.\n  Nobody touches the till.\n", "a.yaml"),
        ('{"can": ["read_file"], "description": "Four eyes on everything."}', "a.json"),
        ('{"rules": [{"tool": "read_file", "effect": "allow", "reason": "required"}]}', "a.json"),
        ("%clerk ALL = read_file\n#includedir /etc/more\n", "sudoers"),
        ("# Four eyes on everything\n\nClerks may read files.\n", "a.md"),
        ('"""Four eyes on everything."""\nCLERK = ["read_file"]\n', "a.py"),
    ],
)
def test_these_are_no_comments(text: str, file: str) -> None:
    assert convert(text, file=file, tools=TOOLS, comments="notes").open


def test_the_head_counts_comments_and_not_their_sentences() -> None:
    text = "# Four eyes on everything. Keep off the till.\nallow:\n  - read_file # not on Sundays\n\n# Owner: Ann Lee\n"
    made = convert(text, file="a.yaml", tools=TOOLS, comments="notes")
    assert made.text.splitlines()[2] == "# Comments: 3 taken for notes and not for rules, as --comments notes says."
    assert [(r.statement.line, r.statement.text) for r in made.readings if r.is_noted] == [
        (1, "Four eyes on everything. Keep off the till."),
        (3, "not on Sundays"),
        (5, "Owner: Ann Lee"),
    ]
    again = decided(made, _nothing, tools=TOOLS)
    assert again.text.splitlines()[2] == made.text.splitlines()[2]


def _nothing(*_: object) -> None:
    return None


def test_a_legend_in_a_comment_is_one_with_notes_too() -> None:
    text = "# G = go, allowed; X = never\ntool,clerk,boss\nread_file,G,G\ndelete_file,X,G\n"
    found = [convert(text, file="a.csv", tools=TOOLS, comments=c) for c in ("items", "notes")]
    assert found[0].policy == found[1].policy
    assert found[1].policy["forbidden_operations"] == [{"tool": "delete_file", "roles": ["clerk"]}]
    assert "taken for notes" not in found[1].text


@pytest.mark.parametrize("value", ["rules", "", "Notes", None])
def test_any_other_value_is_refused(value: str) -> None:
    with pytest.raises(InputError, match="comments may be items or notes, and not"):
        convert(json.dumps({"allow": ["read_file"]}), comments=value)  # type: ignore[arg-type]
