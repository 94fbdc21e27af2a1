"""Words for texts that somebody else wrote, and what may stand between the user's words and such a text.

They stand apart from `announced.py`, whose patterns take time to make and are needed by few requests.
"""

from __future__ import annotations

import re

OTHERS = (
    "e-?mails?|mails?|messages?|letters?|threads?|articles?|(?:web)?pages?|web ?sites?|posts?|blog|comments?|reviews?|"
    "transcripts?|documents?|attachments?|tickets?|complaints?|invitations?|invites?|newsletters?|texts?|paragraphs?|passages?|excerpts?|"
    "snippets?|abstracts?|essays?|story|stories|readme|bills?|invoices?|receipts?|quotes?|offers?|adverts?|advertisements?|ads?|notices?|"
    "announcements?|feedback|conversations?|chats?|logs?|memos?|minutes|repl(?:y|ies)|responses?|tweets?|sms|descriptions?|"
    "quotations?|press release|release notes|terms"
)
"""Nouns of what somebody else wrote."""
CANONICAL = "pasted-text"
"""The tag around what an earlier message of a conversation holds, see `closed`; the first end tag ends it."""
CANONICAL_DATA = "pasted-data"

GREETING = (
    r"(?:hi|hello|hey|dear|good (?:morning|day|afternoon|evening)|hallo|liebe[rs]?|sehr geehrte[rs]?|guten tag|beste|geachte|bonjour|"
    r"ch\u00e8re?s?|salut|hola|estimad[oa]s?|querid[oa]s?|ciao|salve|car[oa]|gentile|ol\u00e1|prezad[oa]|car[oa]s|cze\u015b\u0107|witaj|"
    r"dzie\u0144 dobry|szanown[aiye]+|\u043f\u0440\u0438\u0432\u0435\u0442|\u0437\u0434\u0440\u0430\u0432\u0441\u0442\u0432\u0443\u0439\u0442\u0435|"
    r"merhaba|say\u0131n|\u60a8\u597d|\u4f60\u597d|\u3053\u3093\u306b\u3061\u306f)"
)
GREETS = rf"[.!?][ \t]+{GREETING}\b[^\n.!?:]{{0,40}}[,!.]"
"""A sentence, and behind it on the same line how a letter begins."""
_MAY_BREAK = re.compile(r"[\n:\uff1a\[\"\u201c\u201e\u00ab]|[-=*~_#]{3}")
_GREETS = re.compile(GREETS, re.IGNORECASE)


def may_announce(text: str) -> bool:
    """Tell whether a text has anything that may divide the user's words from somebody else's; else `announced` finds none."""
    return _MAY_BREAK.search(text) is not None or _GREETS.search(text) is not None
