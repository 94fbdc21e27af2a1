"""SQL: statements to actions on tables, by their keywords.

No parser of one dialect: what dialects read differently is refused, as the database may be any. A comment that MySQL runs (`/*! .. */`)
is read as what it runs. A statement that begins with no known keyword is not understood. One pass over the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gatling.tools.derive import effect_of
from gatling.tools.programs.action import MAX_ACTIONS, Action, Does, NotUnderstood, Thing, shortened, unclear
from gatling.tools.programs.secrets import is_secret_name

STARTS = frozenset(
    "select with values table show describe desc explain pragma insert replace update delete merge upsert truncate drop "
    "create alter grant revoke call exec execute do set use begin commit rollback start end savepoint release copy load "
    "unload vacuum analyze analyse reindex optimize lock unlock rename attach detach comment kill shutdown deallocate "
    "prepare declare handler import export backup restore flush reset purge refresh cluster checkpoint discard listen "
    "notify fetch close move abort".split()
)
_NEUTRAL = frozenset("begin commit rollback start end savepoint release use abort close fetch move deallocate".split())
_LOOKS = frozenset("select values table show describe desc".split())
_CHANGES: dict[str, Does] = {
    "insert": "writes", "replace": "writes", "update": "writes", "merge": "writes", "upsert": "writes", "delete": "deletes",
    "truncate": "deletes", "drop": "deletes", "create": "writes", "alter": "writes", "grant": "administers", "revoke": "administers",
    "rename": "writes", "comment": "writes", "vacuum": "writes", "analyze": "writes", "analyse": "writes", "reindex": "writes",
    "optimize": "writes", "lock": "writes", "unlock": "writes", "refresh": "writes", "cluster": "writes", "checkpoint": "writes",
    "import": "writes", "load": "writes", "unload": "sends", "export": "sends", "backup": "sends", "restore": "writes", "attach": "writes",
    "detach": "writes", "kill": "administers", "shutdown": "administers", "flush": "administers", "reset": "administers",
    "purge": "deletes", "notify": "sends",
}  # fmt: skip
# The texts in these are files, or places to put them.
_OF_FILES = frozenset("load import export unload backup restore attach".split())
_BEFORE_FILE = frozenset("infile outfile from to file disk directory location attach database".split())
_UNCLEAR = frozenset("call exec execute do prepare declare handler discard listen".split())
_LARGE = frozenset("table database schema tablespace keyspace collection owned catalog warehouse".split())
_OF_ACCESS = frozenset("user role login server extension function procedure trigger event language subscription publication policy system "
                       "aggregate operator rule foreign global password session_authorization authorization".split())  # fmt: skip
# Functions that read files, run commands or wait.
_RISKY_FUNCTION = re.compile(
    r"pg_read\w*|pg_ls\w*|pg_stat_file|lo_\w+|dblink\w*|load_file|load_extension|xp_\w+|sp_\w+|sys_e\w+|readfile|writefile|edit|pg_terminate\w*|"
    r"pg_cancel\w*|pg_sleep\w*|sleep|benchmark|query_to_xml\w*|dbms_\w+|utl_\w+|openrowset|opendatasource|openquery|setval|set_config|"
    r"pg_reload\w*|pg_rotate\w*|pg_switch\w*|fts3_tokenizer|eval|shell|system|url|s3|file|remote|executable|httpfs\w*|read_text|read_blob|"
    r"generate_password|extractvalue|updatexml"
)
_NO_FUNCTION = frozenset("in values and or not on as from where using over filter within any all some exists case when then else by into set table key "
                         "unique check references primary index select with join union except intersect having limit offset returning".split())  # fmt: skip
_INNER = frozenset("delete update insert merge drop truncate alter create grant".split())
_LEADS_TO_CHANGE = frozenset("analyze as materialized explain verbose begin then else".split())
_BEHIND_TABLES = frozenset("from join into update table only database schema view".split())
# Statements whose first word the name of a table may follow, and the words that may stand in between.
_TABLE_FOLLOWS = frozenset("copy truncate describe desc vacuum analyze analyse lock optimize cluster delete".split())
_BEFORE_TABLE = frozenset("full verbose freeze local low_priority quick tables formatted extended only".split())
_NO_TABLE = frozenset(
    "select with all schema database function procedure sequence column type domain language large foreign constraint "
    "index role set".split()
)
_USING = frozenset(("merge", "delete"))
_ON_TABLE = frozenset("grant revoke comment".split())
_MADE_ON_TABLE = frozenset("index trigger policy rule".split())
_TOKEN = re.compile(
    r"\s+|--(?=\s|$)[^\n]*|/\*|'(?:[^'\\]|'')*+'|\"(?:[^\"]|\"\")*+\"|`[^`]*+`|\[[A-Za-z_][^\]\n]{0,127}\]|[^\W\d][\w$]*|\d[\w.]*|[:@?%]{1,2}\w*|\$\d+|\S"
)
_MAX_TOKENS = 8_000
_MAX_DEPTH = 64
_WORD = re.compile(r"[^\W\d]\w*")
_COMMENT = re.compile(r"/\*.{0,500}?\*/|--[^\n]{0,500}\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """`word`, `name` (quoted), `text`, `number`, `sign`."""
    text: str
    """In lower case; of texts nothing."""


def of_sql(text: str, depth: int = 0) -> list[Action]:
    """Return what SQL statements do. Raises: NotUnderstood."""
    found: list[Action] = []
    statements = _statements(_tokens(text))
    if len(statements) > MAX_ACTIONS:
        raise NotUnderstood("too many statements")
    for statement in statements:
        found += _of_statement(statement)
    return found or [unclear(text)]


def begins_like_sql(text: str) -> bool:
    """Tell whether the first word of a text, comments aside, begins a statement."""
    word = _WORD.search(_COMMENT.sub(" ", text[:2_000]))
    return word is not None and word.group().lower() in STARTS


_STATEMENT = re.compile(
    r"[\s(]{0,64}(?:select\b.{0,2000}?(?:\bfrom\b|[\d'(*])|with\s+\w{1,128}\s+as\s*\(|values\s*\(|explain\s|show\s+(?:tables|databases|columns|create|index)"
    r"|insert\s+into\s|merge\s+into\s|replace\s+into\s|delete\s+from\s|update\s+\S{1,256}\s+(?:as\s+\w+\s+)?set\s|truncate\s+(?:table\s+)?\S{1,256}\s*;?\s*$"
    r"|(?:drop|alter|create)\s+(?:or\s+replace\s+|temp(?:orary)?\s+|unique\s+|if\s+exists\s+){0,3}(?:table|view|index|database|schema|user|role|"
    r"function|procedure|trigger|sequence|extension|materialized)\b|(?:grant|revoke)\s.{1,500}?\son\s|copy\s+\S{1,256}\s*(?:\([^)]{0,500}\)\s*)?"
    r"(?:from|to)\s|load\s+data\s|call\s+\w{1,128}\s*\(|exec(?:ute)?\s*\()",
    re.IGNORECASE | re.DOTALL,
)


def looks_like_sql(text: str) -> bool:
    """Tell whether a text, comments aside, begins with a statement that is more than its first word: `delete the drafts` is none."""
    return _STATEMENT.match(_COMMENT.sub(" ", text[:4_000])) is not None


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    is_run_comment = False
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotUnderstood("a sign that is not read")
        part = match.group()
        at = match.end()
        if part[0].isspace() or part.startswith("--"):
            continue
        if part == "/*":
            if text.startswith(("!", "M!"), at):  # MySQL runs what stands in it
                at = re.compile(r"M?!\d*").match(text, at).end()  # type: ignore[union-attr]
                is_run_comment = True
                continue
            end = text.find("*/", at)
            if end < 0 or "/*" in text[at:end]:
                raise NotUnderstood("a comment that does not end, or one inside another")
            at = end + 2
            continue
        if part == "*" and is_run_comment and text.startswith("/", at):
            at += 1
            is_run_comment = False
            continue
        if (
            part in ("'", '"', "`", "\\", "#", "\x00")
            or (part == "-" and text.startswith("-", at))
            or (part == "$" and text.startswith("$", at))
        ):
            raise NotUnderstood("a sign that databases read differently")
        found.append(_token(part))
        if len(found) > _MAX_TOKENS:
            raise NotUnderstood("too long")
    if is_run_comment:
        raise NotUnderstood("a comment that does not end")
    return found


def _token(part: str) -> _Token:
    if part[0] == "'":
        return _Token("text", part[1:-1])
    if part[0] in '"`' or (part[0] == "[" and len(part) > 1):
        return _Token("name", part[1:-1].lower())
    if part[0].isalpha() or part[0] == "_":
        return _Token("word", part.lower())
    return _Token("number" if part[0].isdigit() else "sign", part)


def _statements(tokens: Sequence[_Token]) -> list[list[_Token]]:
    found: list[list[_Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind == "sign" and token.text == "(":
            depth += 1
        elif token.kind == "sign" and token.text == ")":
            depth -= 1
        if depth > _MAX_DEPTH or depth < 0:
            raise NotUnderstood("brackets that are too deep, or do not match")
        if token.kind == "sign" and token.text == ";":
            found.append([])
        else:
            found[-1].append(token)
    if depth:
        raise NotUnderstood("brackets that do not match")
    return [statement for statement in found if statement]


def _command(tokens: Sequence[_Token], words: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a statement, with a name below another as people write it: `sandbox.trial` is one."""
    found: list[str] = []
    is_below = False
    for token, word in zip(tokens, words, strict=False):
        text = word or ("'..'" if token.kind == "text" else token.text)
        is_dot = token.kind == "sign" and token.text == "."
        if found and (is_dot or is_below):
            found[-1] += text
        else:
            found.append(text)
        is_below = is_dot
    return tuple(found)


def _of_statement(tokens: list[_Token]) -> list[Action]:
    words = [t.text if t.kind == "word" else "" for t in tokens]
    said = " ".join("'..'" if t.kind == "text" else t.text for t in tokens[:40])
    command = _command(tokens[:64], words)
    start = next((i for i, t in enumerate(tokens) if not (t.kind == "sign" and t.text == "(")), 0)
    first = words[start] if tokens else ""
    tables = tuple(Thing("table", name) for name in _tables(tokens, words))
    if first in _NEUTRAL:
        return [Action("reads", shortened(said), command=command)]
    if first == "copy":
        return [_of_copy(tokens, words, said, command, tables)]
    if first == "set":
        access = not _OF_ACCESS.isdisjoint(words[1:4])
        return [Action("administers" if access else "reads", shortened(said), command=command)]
    if first == "pragma":
        changes = any(t.text == "=" for t in tokens)
        return [Action("administers" if changes else "reads", shortened(said), command=command)]
    if first not in STARTS or first in _UNCLEAR:
        return [unclear(said, command)]
    found: list[Action] = []
    if first in _CHANGES:
        found.append(_of_change(tokens, words, start, said, command, tables))
    if first not in ("grant", "revoke", "create", "alter"):
        inner = [i for i in range(start + 1, len(tokens)) if _begins_change(tokens, words, i)]
        found += [_of_change(tokens, words, i, said, command, tables) for i in inner]
    if first in _LOOKS or first in ("with", "explain") or not found:
        if first not in _LOOKS and first not in ("with", "explain"):
            return [unclear(said, command)]
        if "into" in words and not found:
            found.append(_of_into(tokens, words, said, command))
    found += _of_functions(tokens, words, said, command)
    secret = any(is_secret_name(t.text) for t in tokens if t.kind in ("word", "name"))
    looks = first in _LOOKS or first in ("with", "explain") or "select" in words
    if looks or not found:
        found.append(Action("reads", shortened(said), tables, is_secret=secret, command=command))
    return found


def _begins_change(tokens: list[_Token], words: list[str], i: int) -> bool:
    """Tell whether a change begins inside of a statement: WITH x AS (DELETE ..), EXPLAIN ANALYZE DELETE .."""
    if words[i] not in _INNER or (i + 1 < len(tokens) and tokens[i + 1].text == "("):  # a function of that name
        return False
    return tokens[i - 1].text in ("(", ")") or words[i - 1] in _LEADS_TO_CHANGE


def _of_change(
    tokens: list[_Token], words: list[str], at: int, said: str, command: tuple[str, ...], tables: tuple[Thing, ...]
) -> Action:
    """Return what a statement does that changes something and begins at a token."""
    verb = words[at]
    does = _CHANGES[verb]
    near = set(words[at + 1 : at + 6])
    final = False
    if verb in ("delete", "update"):
        final = _touches_all(tokens, words, at)
    elif verb == "truncate":
        final = True
    elif verb == "drop":
        final = not near.isdisjoint(_LARGE)
        if not near.isdisjoint(_OF_ACCESS) and not final:
            does = "administers"
    elif verb == "alter":
        if "drop" in words[at:] and "table" in near:
            does, final = "deletes", "constraint" not in words and "index" not in words and "default" not in words
        elif not near.isdisjoint(_OF_ACCESS):
            does = "administers"
    elif verb == "create" and not near.isdisjoint(_OF_ACCESS):
        does = "administers"
    own = (
        tuple(Thing("table", name) for name in _tables(tokens[at:], words[at:])[:1])
        if verb in ("delete", "update", "insert")
        else tables
    )
    if verb in _OF_FILES:
        own = (*own, *_files(tokens[at:], words[at:]))
    return Action(does, shortened(said), own or tables, is_final=final, command=command)


def _files(tokens: list[_Token], words: list[str]) -> list[Thing]:
    """Return the files that a statement loads from or writes to; what ends its fields is none."""
    texts = [(t.text, words[i - 1]) for i, t in enumerate(tokens) if i and t.kind == "text" and t.text]
    return [Thing("path", text) for text, before in texts if before in _BEFORE_FILE or "/" in text or "\\" in text]


def _touches_all(tokens: list[_Token], words: list[str], at: int) -> bool:
    """Tell whether a statement has no condition, or one that holds for every row."""
    where = next((i for i in range(at, len(words)) if words[i] == "where"), None)
    if where is None:
        return "limit" not in words[at:] or "order" not in words[at:]
    condition = tokens[where + 1 :]
    names = {t.text for t in condition if t.kind in ("word", "name")} - {
        "and",
        "or",
        "not",
        "true",
        "is",
        "null",
        "false",
        "like",
        "in",
        "between",
        "returning",
    }
    always = any(
        condition[i].kind == condition[i + 2].kind
        and condition[i].text == condition[i + 2].text
        and condition[i + 1].text == "="
        for i in range(len(condition) - 2)
    )
    return not names or always


def _of_into(tokens: list[_Token], words: list[str], said: str, command: tuple[str, ...]) -> Action:
    """Return what SELECT .. INTO does: a new table, a file, or a variable."""
    i = words.index("into")
    if i + 1 < len(words) and words[i + 1] in ("outfile", "dumpfile"):
        path = tokens[i + 2].text if i + 2 < len(tokens) else ""
        return Action("writes", shortened(said), (Thing("path", path),), command=command)
    return Action(
        "writes", shortened(said), tuple(Thing("table", n) for n in _tables(tokens[i:], words[i:])[:1]), command=command
    )


def _of_copy(
    tokens: list[_Token], words: list[str], said: str, command: tuple[str, ...], tables: tuple[Thing, ...]
) -> Action:
    if "program" in words:
        return unclear(said, command)
    place = next((t.text for t in tokens if t.kind == "text"), "")
    things = (*tables, *((Thing("path", place),) if place else ()))
    return Action("sends" if "to" in words else "writes", shortened(said), things, command=command)


def _of_functions(tokens: list[_Token], words: list[str], said: str, command: tuple[str, ...]) -> list[Action]:
    for i, word in enumerate(words[:-1]):
        if not word or tokens[i + 1].text != "(" or tokens[i + 1].kind != "sign" or word in _NO_FUNCTION:
            continue
        if i and words[i - 1] in ("into", "table", "exists", "update", "join"):
            continue  # INSERT INTO t (a, b)
        if _RISKY_FUNCTION.fullmatch(word):
            return [unclear(said, command)]
        effect, evidence = effect_of(word)
        if (
            "_" in word
            and effect != "read"
            and not evidence.startswith("unknown")
            and not word.endswith(("_agg", "_trunc"))
        ):
            return [unclear(said, command)]  # delete_user(3)
    return []


def _tables(tokens: Sequence[_Token], words: Sequence[str]) -> list[str]:
    """Return the names of tables, in order, those that the statement itself defines left out."""
    defined = {tokens[i].text for i in range(len(tokens) - 2) if words[i + 1] == "as" and tokens[i + 2].text == "("}
    found: dict[str, None] = {}
    first = words[0] if words else ""
    is_on_table = first in _ON_TABLE or (first in ("create", "drop") and not _MADE_ON_TABLE.isdisjoint(words[1:5]))
    i = 0
    while i < len(tokens):
        leads = words[i] in _BEHIND_TABLES and not (
            words[i] == "from" and i and words[i - 1] in ("year", "month", "day", "epoch", "hour", "distinct")
        )
        leads |= i == 0 and first in _TABLE_FOLLOWS
        leads |= words[i] == "using" and first in _USING
        if words[i] == "on" and is_on_table:
            leads, is_on_table = True, False  # the first ON; later ones are conditions
        if not leads:
            i += 1
            continue
        i += 1
        while i < len(tokens) and words[i] in _BEFORE_TABLE:
            i += 1
        if i < len(tokens) and (words[i] in _BEHIND_TABLES or words[i] in _NO_TABLE):
            continue  # TRUNCATE TABLE t
        while i < len(tokens) and words[i] in (
            "if",
            "not",
            "exists",
            "only",
            "lateral",
            "table",
            "outfile",
            "dumpfile",
            "ignore",
        ):
            i += 1
        while i < len(tokens) and tokens[i].kind in ("word", "name"):
            name, i = _dotted(tokens, i)
            if name not in defined and not (
                i < len(tokens) and tokens[i].text == "(" and words[i - 1] in ("unnest", "generate_series", "json_each")
            ):
                found.setdefault(name)
            while i < len(tokens) and tokens[i].kind in ("word", "name") and words[i] in ("as", ""):
                i += 1
            if i < len(tokens) and tokens[i].kind == "word" and i + 1 < len(tokens) and tokens[i + 1].text == ",":
                i += 1  # an alias
            if i < len(tokens) and tokens[i].text == ",":
                i += 1
            else:
                break
    return list(found)


def _dotted(tokens: Sequence[_Token], i: int) -> tuple[str, int]:
    parts = [tokens[i].text]
    i += 1
    while i + 1 < len(tokens) and tokens[i].text == "." and tokens[i + 1].kind in ("word", "name"):
        parts.append(tokens[i + 1].text)
        i += 2
    return ".".join(parts), i
