"""What a call can cost, by what its tool does: how much evidence it takes to stop it follows from that.

| consequence | such as |
| --- | --- |
| `reads` | looking something up: nothing is changed, and nothing leaves but the query |
| `changes` | a draft, a label, an entry in one's own calendar: it can be undone |
| `sends` | mail, messages, posts, comments, issues, invitations, shares, webhooks, what a reading call takes out: it cannot be called back |
| `costs` | payments, orders, bookings, refunds |
| `endangers` | deletions, rights, settings of accounts, what runs programs, secrets |
"""

from __future__ import annotations

from typing import Literal, get_args

from gatling.schema.lru import remembered
from gatling.schema.words import split_words

Consequence = Literal["reads", "changes", "sends", "costs", "endangers"]
CONSEQUENCES: tuple[Consequence, ...] = get_args(Consequence)

_MONEY = frozenset(
    "pay payment payments money transfer wire payout refund reimburse checkout buy purchase order donate invoice charge deposit withdraw "
    "iban transaction funds price discount credit quote bid trade sell disburse disbursement salary payroll billing".split()
)
_DANGER = frozenset(
    "password passwd secret credential token key keys ssh mfa otp grant permission permissions role roles access admin owner ownership "
    "firewall dns forwarding execute shell bash exec sudo script deploy install uninstall provision reset unlock disable".split()
)
# What is seen by others as soon as it is made.
_SEEN = frozenset(
    "comment comments issue issues post posts invitation invitations invite invites webhook webhooks announcement announcements reply replies "
    "review reviews tweet tweets message messages share shares".split()
)
_MAKES = frozenset("create add submit open write make register set enable new".split())


_WEB = frozenset(
    "web webpage internet google bing duckduckgo brave tavily serpapi serper perplexity online browse browser wikipedia searxng".split()
)
_SEARCH = frozenset("search lookup query ask find google browse".split())


@remembered(4_096)
def searches_the_web(tool_name: str) -> bool:
    """Tell whether a query goes to a search of the web: a tool that says so, or one that does not say what it searches."""
    words = frozenset(split_words(tool_name))
    return not words.isdisjoint(_WEB) or (bool(words) and words <= _SEARCH)


@remembered(4_096)
def consequence_of(tool_name: str, effect: str) -> Consequence:
    """Return what a call of a tool can cost.

    Args:
        effect: `read`, `write`, `send`, `delete` or `admin`, declared or concluded.
    """
    if effect == "read":
        return "reads"
    words = frozenset(split_words(tool_name))
    if effect in ("delete", "admin") or not words.isdisjoint(_DANGER):
        return "endangers"
    if not words.isdisjoint(_MONEY):
        return "costs"
    is_seen = effect == "write" and not (words.isdisjoint(_SEEN) or words.isdisjoint(_MAKES))
    return "sends" if effect == "send" or is_seen else "changes"
