"""Where the user's own words announce a text that follows: what stands behind them is that text, and nobody's order.

    "Here is the mail: .."                      names a text, and a colon or an empty line follows
    "What does this say?  Hi, .."               only asks to be told, and points at what is not there yet
    "Summarise [BEGIN MAIL] .."                 the verb alone, and a mark

Whatever stands between the two: a colon, an empty line, a rule, a bracket, a greeting. Where the words also ask for a deed
("Summarise this mail and reply to Bob"), they must name the text; where they only ask to be told (`asks_only_to_know`), to point is
enough, as an order behind them would be of a piece with what is asked about.

- A list, and what goes on (`Then ..`, `.. the summary`), is the user's own.
- Other languages are read as they read in English (`languages.py`).

Each pattern takes one pass; what stands before a break is looked at for its last 400 characters, at 32 breaks at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from gatling.request.knowing import asks_only_to_know
from gatling.request.languages import in_english
from gatling.request.others_texts import GREETING as _GREETING
from gatling.request.others_texts import OTHERS
from gatling.schema.budget import checked

_MAX_INTROS = 64
_MAX_BREAKS = 32
_MAX_LEAD = 400

_TO_KNOW = (
    r"(?:summari[sz]e|summary|sum up|translate|proof-?read|condense|paraphrase|rephrase|classify|shorten|tl;?dr|simplify|rewrite|"
    r"analy[sz]e|interpret|transcribe)"
)
_POINTS = r"(?:this|these|that|it|the following|following|below|above|here)"
# "Summarise this:", "Translate the following into German:", "tl;dr:"
_INTRO_TO_KNOW = re.compile(
    rf"\b{_TO_KNOW}(?:[ \t]+(?:please|for me|(?:me )?{_POINTS}|(?:in|into|to|as|for)(?: \w+){{1,4}}|the|a|my)){{0,4}}"
    r"[ \t]*:(?=\s*\S)",
    re.IGNORECASE,
)
# "Here is the mail:", "Reply to this mail that I accept:", "Proofread the letter:"
_CLAUSE = r"[^.:;!?\n]"
_INTRO = re.compile(
    rf"\b(?:here(?:'s|\u2019s| is| are)|i(?:'ve| have)?(?: just)? (?:got|received|found|wrote|was sent)|"
    rf"(?:this|these|the following|following|below)|"
    rf"{_TO_KNOW}|check|review|explain|read|rate|extract|correct|edit|assess|judge)\b{_CLAUSE}{{0,60}}?"
    rf"\b(?:{OTHERS})\b{_CLAUSE}{{0,60}}?:(?=\s*\S)",
    re.IGNORECASE,
)
# An empty line, and behind it a text: a line of some length, several lines, or a mark.
_EMPTY_LINE = r"\n[ \t]*\n(?=[^\n]{20}|[^\n]+\n[^\n]*\S|[ \t]*[-=*_~#<\[]{1,3})"
# "the page below.", "I got this text message. Scam or not?", "Summarise this mail and reply to Bob.", each before an empty line
_INTRO_ABOVE = re.compile(
    rf"\b(?:(?:following|here(?:'s|\u2019s| is| are)|(?:got|received|found) (?:this|these|the following)|"
    rf"{_TO_KNOW}(?: \w+){{0,2}} (?:this|these))\b"
    rf"{_CLAUSE}{{0,60}}?\b(?:{OTHERS})|(?:{OTHERS})[ \t]+below)\b"
    rf"{_CLAUSE}{{0,60}}?(?:[.!?][^\n]{{0,80}})?{_EMPTY_LINE}",
    re.IGNORECASE,
)
# "A customer wrote: ..", "My colleague says: .."
_REPORTED = re.compile(
    rf"\b(?!(?:i|we)\b)\w{{2,40}}[ \t]+(?:just |has |also )?"
    rf"(?:wrote|writes|says|said|asks|asked|replied|answered|texted|e-?mailed|messaged|posted|told me)\b"
    rf"{_CLAUSE}{{0,40}}:(?=\s*\S)",
    re.IGNORECASE,
)
# "Text of the page:" as a heading, "tl;dr please." before an empty line, "Translate this and save it as out.txt:" before a new
# line
_HEADINGS = (
    re.compile(rf"^{_CLAUSE}{{0,60}}\b(?:{OTHERS})[ \t]*:[ \t]*\n(?=\s*\S)", re.IGNORECASE | re.MULTILINE),
    re.compile(
        rf"^[ \t]{{0,8}}(?:(?:please|pls|can you|could you|kindly)[ \t]+){{0,3}}{_TO_KNOW}"
        rf"(?:[ \t]+(?:please|pls|for me|{_POINTS}|(?:in|into|to)(?: \w+){{1,4}})){{0,4}}"
        rf"[ \t]*[.!?]?[ \t]*{_EMPTY_LINE}",
        re.IGNORECASE | re.MULTILINE,
    ),
    re.compile(rf"\b{_TO_KNOW}[ \t](?:\w+[ \t]){{0,3}}{_POINTS}\b[^:\n]{{0,120}}:[ \t]*\n(?=\s*\S)", re.IGNORECASE),
)
_AUTHORS = re.compile(
    r"\b(?:send|post|write|publish|text|tell|say|draft|tweet|announce|create|save|store|put|add|my|our)\b[^.:;!?\n]{0,60}$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\s*(?:https?://|www\.|[\w./-]+\.(?:[a-z]{2,4})\b(?![.@])|#\w+|[\w.-]*/[\w./-]+|\d+\b)", re.IGNORECASE
)

# --- words that only ask to be told ---------------------------------------------------------------------------------------

# What may stand between the user's words and a text: the end of a line, a colon, a rule, a bracket, a greeting, a quotation.
_BREAK = re.compile(
    r"(?P<lines>[ \t]*\n\s{0,200})|(?P<colon>:(?=\s)|\uff1a)|(?P<mark>[ \t]*(?:[-=*~_#]{3,40}|\[(?=[^\W\d_])|\[(?=\d\d?:\d\d)))"
    rf"|(?P<greeting>(?<=[.!?])[ \t]+(?={_GREETING}\b[^\n.!?:]{{0,40}}[,!.]))|(?P<quote>[ \t]+(?=[\"\u201c\u201e\u00ab][^\n]{{30}}))",
    re.IGNORECASE,
)
# How a text begins, where a new line alone may lead to the user's next order.
_BEGINS = re.compile(
    rf"(?:{_GREETING}\b|[-=*~_#]{{3}}|[<\[|>]|[\"\u201c\u201e\u00ab]|[^\W\d_][\w .,'@<>-]{{0,40}}:\s|[\[(]?\d\d?:\d\d\b)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"(?:and|then|also|next|afterwards|after (?:that|this)|finally|lastly|once|when you(?:'re| are) (?:done|ready)|additionally|in addition)\b"
    r"|[^.!?\n]{0,60}\b(?:the|your) (?:summary|translation|result|results|answer|explanation|corrections?)\b|(?:thanks?|thx|cheers|regards)\b",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\s*(?:[-*+\u2022]|\d{1,2}[.)]|[a-z][.)]|\[[ x]\])\s", re.IGNORECASE)
_LOOKS = re.compile(
    rf"\b(?:(?:a |the )?(?:short |brief |quick )?{_TO_KNOW}(?: of)?|spell-?check|fact-?check|check|review|rate|assess|judge|grade|extract|correct|"
    r"categori[sz]e|explain)\b",
    re.IGNORECASE,
)
_TIME = r"(?!week|month|year|morning|afternoon|evening|quarter|time|weekend|season)"
_AHEAD = re.compile(
    rf"\b(?:following(?=\W*$|\s*[^\x00-\x7f]|[ \t]+(?:\w+[ \t]+){{0,2}}?(?:{OTHERS})\b)|(?:{OTHERS})[ \t]+following|below|underneath|attached|attachments?|"
    r"(?:says?|written|stands?)[ \t]+here)\b",
    re.IGNORECASE,
)
_THIS_TEXT = re.compile(rf"\b(?:this|these|that|those)[ \t]+{_TIME}(?:\w+[ \t]+){{0,2}}?(?:{OTHERS})\b", re.IGNORECASE)
_THIS = re.compile(
    r"\b(?:this|these)\b(?=\W*$|\W*[?.!,:;)]|[ \t]*[^\x00-\x7f]|[ \t]+(?:one|en|na|al|op|auf|ins|no|para|says?|means?|a|an|all|about|for|to|into|in|as|please|look|looks|sound|sounds|seems?|"
    r"reads?|true|real|safe|ok|okay|correct|right|any|from|really|actually|written|and|or|the|is|was|scam|spam|phishing|legit|genuine|fake|fraud)\b)",
    re.IGNORECASE,
)
_THE_TEXT = re.compile(
    rf"\b(?:the[ \t]+(?:\w+[ \t]+){{0,2}}?(?:{OTHERS})|sender|author|writer|caller|(?:it|that|they|he|she)[ \t]+(?:says?|means?|wants?))\b",
    re.IGNORECASE,
)
_READS = re.compile(
    r"\b(?:summarise|translate|check|explain|read|what|who|whose|which|how|why|is|are|does|do|did|should|tell|any)\b",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n")
_ANY = re.compile(r"\A\s*any\b", re.IGNORECASE)
_IS_A_SCAM = re.compile(
    r"(?:[^\W\d_]+\W+){0,5}?(?:scam|spam|phishing|fraud|legit|legitimate|genuine|hoax|fake|trustworthy)(?: or not)?\W*\?",
    re.IGNORECASE,
)
_VERB_ALONE = re.compile(
    r"\W*(?:(?:please|pls|can|could|would|you|kindly|me|a|the|hi|hey|hello)\W+){0,4}(?:summari[sz]e|translate|explain)"
    r"(?:\W+(?:please|pls|for me|the|it|to|(?:in|into|to|on)(?: \w+){1,3})){0,3}\W*",
    re.IGNORECASE,
)


def announced(text: str) -> list[tuple[int, bool]]:
    """Return where the words end that announce a text, and whether it is somebody else's."""
    found = list(_by_name(text))
    at = _asked_about(text)
    return [*found, at] if at is not None else found


def _by_name(text: str) -> Iterator[tuple[int, bool]]:
    """Yield what is announced by words that name a text, whatever else they ask for."""
    with_colon = (_INTRO_TO_KNOW, _INTRO, _REPORTED) if ":" in text else ()
    for pattern in checked((*with_colon, *((_INTRO_ABOVE, *_HEADINGS) if "\n" in text else ()))):
        for match in islice(pattern.finditer(text), _MAX_INTROS):
            end = match.end()
            if text[end - 1] != "\n" and _REFERENCE.match(text, end):
                continue  # "Summarise these pages: http://.."
            if pattern is _INTRO_ABOVE and _GOES_ON.match(text, end):
                continue
            yield end, _is_of_others(text, end)


def _is_of_others(text: str, end: int) -> bool:
    line = text[max(text.rfind("\n", max(0, end - 240), end - 3) + 1, end - 240) : end].rstrip(" :\n")
    return not _AUTHORS.search(line)


def _asked_about(text: str) -> tuple[int, bool] | None:
    """Return the first break behind words that only ask to be told what stands behind it."""
    start = 0
    for match in islice(checked(_BREAK.finditer(text)), _MAX_BREAKS):
        kind, end = match.lastgroup, match.end()
        lead, rest = text[max(start, match.start() - _MAX_LEAD) : match.start()], text[end : end + 200]
        if kind == "lines" and match.group().count("\n") > 1:
            start = end  # the words of a paragraph go together
        if kind == "mark":
            rest = text[match.start() : end + 200].lstrip()
        if not rest.strip() or not lead.strip() or _ITEM.match(lead.rpartition("\n")[2]) or _REFERENCE.match(rest):
            continue
        if _announces(lead, rest, kind or "", is_paragraph=kind == "lines" and match.group().count("\n") > 1):
            return (match.start() if kind == "mark" else end), _is_of_others(text, match.start())
    return None


def _announces(lead: str, rest: str, kind: str, *, is_paragraph: bool) -> bool:
    """Tell whether words only ask to be told about what follows.

    Args:
        rest: how that begins.
        kind: what stands between.
        is_paragraph: an empty line does.
    """
    is_sign = kind in ("mark", "greeting", "quote") or (kind == "lines" and _BEGINS.match(rest) is not None)
    if _GOES_ON.match(rest) and kind in ("lines", "colon"):
        return False
    said = in_english(lead)
    plain = _LOOKS.sub("summarise", said.text if said is not None else lead)
    if _VERB_ALONE.fullmatch(plain):
        return is_paragraph or is_sign or kind == "colon"
    is_sentence = kind == "colon" or lead.rstrip()[-1:] in ".?!\u3002\uff1f\uff01"
    sentences = [*filter(str.strip, _SENTENCES.split(plain))]
    if sentences and _IS_A_SCAM.fullmatch(sentences[-1].strip()):
        return is_paragraph or is_sign or is_sentence
    is_ahead = _AHEAD.search(plain) is not None
    points = (is_paragraph or is_sign or is_sentence) and any(
        (_THIS_TEXT.search(s) or _THIS.search(s)) and _READS.search(s) for s in sentences
    )
    names = is_sign and not _ITEM.match(rest) and _THE_TEXT.search(plain) is not None
    if kind == "quote" or not (is_ahead or points or names):
        return False
    return asks_only_to_know(_ANY.sub("are there any", plain))
