"""Claude Code's command hook: a thin client of a resident process that holds the guard and one session for each conversation.

    client -> place (where the socket is) -> wire (what goes over it) -> resident -> service -> conversation -> Session

`client`, `place` and `wire` load nothing but what Python has at its start: no regular expressions, no JSON, no `typing`. They
hand on bytes; the resident process understands them.
"""
