"""How people ask: a task in words, from three words to a rambling paragraph. The wording determines what the plan needs.

Words of the tool's name are mostly said in other words, as people do not know what tools are called.
"""

from __future__ import annotations

from random import Random

from gatling.generate.tasks import Mention, Task
from gatling.generate.tools import Tool
from gatling.generate.world import World, sentence, topic

_VERBS: dict[str, tuple[str, ...]] = {
    "list": ("list", "show me", "what are", "give me", "go through", "pull up"),
    "search": ("search for", "find", "look for", "look up", "see if there are"),
    "find": ("find", "look for", "locate"),
    "get": ("get", "show me", "fetch", "look up", "tell me about", "open", "check", "what does it say in"),
    "read": ("read", "open", "have a look at", "check", "what is in"),
    "describe": ("describe", "show me the details of", "look into", "what do we know about"),
    "view": ("view", "show me", "open"),
    "check": ("check", "verify", "have a look at"),
    "query": ("query", "look up", "run a query on"),
    "count": ("count", "how many are there of"),
    "download": ("download", "save", "get me"),
    "create": ("create", "make", "set up", "add", "put together", "open a new"),
    "add": ("add", "put in", "enter", "include"),
    "insert": ("insert", "add", "put in"),
    "put": ("put", "write", "set"),
    "update": ("update", "change", "edit", "correct", "adjust"),
    "patch": ("patch", "change", "edit"),
    "edit": ("edit", "change", "rework"),
    "modify": ("modify", "change", "adjust"),
    "set": ("set", "change", "fix"),
    "delete": ("delete", "remove", "get rid of", "erase", "throw away"),
    "remove": ("remove", "take out", "drop", "delete"),
    "cancel": ("cancel", "call off", "drop"),
    "send": ("send", "write", "mail", "let them have", "get out"),
    "share": ("share", "give access to", "pass on"),
    "post": ("post", "publish", "put up", "write"),
    "forward": ("forward", "pass on", "send on"),
    "reply": ("reply to", "answer", "write back to"),
    "invite": ("invite", "add", "ask to join"),
    "book": ("book", "reserve", "get me"),
    "reserve": ("reserve", "book", "hold"),
    "order": ("order", "buy", "get me"),
    "buy": ("buy", "order", "get"),
    "pay": ("pay", "settle", "transfer the money for"),
    "transfer": ("transfer", "send", "move", "wire"),
    "move": ("move", "put", "shift"),
    "copy": ("copy", "duplicate"),
    "export": ("export", "hand over", "send out"),
    "upload": ("upload", "put up", "store"),
    "start": ("start", "launch", "turn on", "kick off"),
    "stop": ("stop", "shut down", "halt", "turn off"),
    "enable": ("enable", "turn on", "activate"),
    "disable": ("disable", "turn off", "deactivate"),
    "grant": ("grant", "give", "allow"),
    "revoke": ("revoke", "take away", "withdraw"),
    "assign": ("assign", "give", "hand"),
    "approve": ("approve", "sign off on", "okay"),
    "request": ("request", "ask for", "apply for"),
    "reschedule": ("reschedule", "move", "push"),
    "schedule": ("schedule", "plan", "set up"),
    "rename": ("rename", "call differently"),
    "restore": ("restore", "bring back"),
    "archive": ("archive", "put away", "file"),
    "run": ("run", "execute", "start"),
    "translate": ("translate", "put into another language"),
    "submit": ("submit", "hand in", "file"),
    "refund": ("refund", "give the money back for"),
    "reset": ("reset", "set back"),
    "rotate": ("rotate", "renew"),
    "play": ("play", "put on"),
    "attach": ("attach", "connect", "link"),
    "merge": ("merge", "combine", "bring together"),
    "close": ("close", "finish", "wrap up"),
    "subscribe": ("subscribe to", "sign up for"),
    "report": ("report", "file a report on"),
}
_PLAIN_VERBS = frozenset(
    "log record register rollback trigger print scan fax change reject accept confirm decline mute block unblock lock unlock open "
    "save mark sign renew return rate tag link unlink connect disconnect charge withdraw deposit freeze unfreeze issue generate "
    "calculate estimate compare track watch follow unfollow like comment import sync deploy build test scale reboot restart "
    "terminate drain resize apply dispute claim file appeal escalate resolve reopen snooze acknowledge silence arm disarm dim "
    "navigate locate dispatch ship receive pick pack adjust quote bid sell trade stake convert exchange dial call transcribe "
    "summarize format compress show fetch retrieve lookup estimate pause resume skip queue replace change switch detach release "
    "allocate associate disassociate replicate undelete untag poll publish unsubscribe suspend promote demote hire fire pull push "
    "commit branch extend terminate hold bill collect purge flush clear empty reply draft preview validate simulate vote donate".split()
)
_OBJECTS = {
    "message": ("message", "mail", "note"), "email": ("email", "mail", "message"), "mail": ("mail", "email"),
    "event": ("event", "appointment", "meeting"), "file": ("file", "document"), "document": ("document", "file", "doc"),
    "user": ("user", "account", "person"), "contact": ("contact", "address book entry"), "order": ("order", "purchase"),
    "transaction": ("transaction", "payment", "booking"), "ticket": ("ticket", "case", "request"), "task": ("task", "to-do"),
    "invoice": ("invoice", "bill"), "folder": ("folder", "directory"), "bucket": ("bucket", "storage bucket"),
    "instance": ("instance", "machine", "server"), "permission": ("permission", "access right"), "post": ("post", "entry"),
    "reservation": ("reservation", "booking"), "flight": ("flight",), "hotel": ("hotel", "place to stay"), "channel": ("channel",),
}  # fmt: skip
_NOISE = frozenset("users user me v1 v2 api the of by in all batch s a an projects locations".split())
_FILLER = (
    "I have been meaning to do this for a while.", "It has been a long day already.", "Sorry for the short notice.",
    "My boss keeps asking about it.", "We talked about this last week, you may remember.", "No need to hurry.",
    "I am on the train and cannot do it myself.", "You did this nicely last time.", "The others are waiting for it.",
    "By the way, the weather here is awful.", "I hope this is not too much trouble.", "This came up in the meeting again.",
)  # fmt: skip
_OPENINGS = (
    "",
    "",
    "",
    "Please ",
    "Could you ",
    "Can you ",
    "I need you to ",
    "I'd like you to ",
    "Hi, please ",
    "Hey, ",
    "Would you mind to ",
)
_JOINS = (" and then ", ". Then ", ". Also, ", "; after that ", " and ", ". Next, ", ". Once that is done, ")
_DELEGATIONS = (
    "as {item} says", "the way it is described in {item}", "with the details from {item}", "following what is in {item}",
    "as stated in {item}", "according to {item}",
)  # fmt: skip


def word_request(rng: Random, world: World, tasks: list[Task]) -> str:
    """Write the request that asks for some tasks, in order."""
    phrases = [_phrase(rng, task) for task in tasks]
    style = rng.random()
    if style < 0.12 and len(phrases) > 1:
        marks = [f"{i}. " for i in range(1, 20)] if rng.random() < 0.6 else ["- "] * 20
        body = "\n".join(mark + phrase for mark, phrase in zip(marks, phrases, strict=False))
        return rng.choice(("Today:\n", "To do:\n", "Please take care of this:\n", "")) + body
    text = rng.choice(_OPENINGS) + phrases[0]
    for phrase in phrases[1:]:
        join = rng.choice(_JOINS)
        text += join + (phrase[:1].upper() + phrase[1:] if join == ". " else phrase)
    if style < 0.3:
        return text.lower() if rng.random() < 0.5 else text
    text = text[:1].upper() + text[1:] + rng.choice((".", ".", "?", "!", ""))
    if style > 0.8:
        before = [rng.choice(_FILLER) for _ in range(rng.randint(1, 3))]
        after = [rng.choice(_FILLER), f"It is about the {topic(rng)}.", sentence(rng)][: rng.randint(0, 3)]
        text = " ".join([*before, text, *after])
    elif style > 0.72:
        text += rng.choice(
            (" Thanks!", f" Thanks, {world.user.first}", " Let me know when it is done.", " That is all.")
        )
    return text


def _phrase(rng: Random, task: Task) -> str:
    verb, thing = _verb_and_thing(rng, task.goal)
    count = next((m for m in task.mentions if m.role == "count"), None)
    if count and count.words == "times":
        thing = f"{count.value} {_plural(thing)}"
    elif count:
        thing = rng.choice(
            ("the last {n} {t}", "{n} {t}", "up to {n} {t}", "the first {n} {t}", "at most {n} {t}")
        ).format(n=count.value, t=_plural(thing))
    elif thing and rng.random() < 0.75:
        thing = f"{rng.choice(('the', 'the', 'a', 'my', 'our'))} {_plural(thing) if task.goal.returns_many else thing}"
    parts = [f"{verb} {thing}".strip()]
    for mention in task.mentions:
        if mention is not count and mention.role != "from":
            parts.append(_said(rng, mention))
    text = " ".join(part for part in parts if part)
    item = next((m for m in task.mentions if m.role == "from"), None)
    if item:
        named = f"the {item.words} {item.value}"
        if task.is_delegated:
            text += " " + rng.choice(_DELEGATIONS).format(item=named)
        else:
            text = rng.choice(
                (f"read {named} and {text}", f"have a look at {named}, then {text}", f"check {named} and {text}")
            )
    return text


def _verb_and_thing(rng: Random, tool: Tool) -> tuple[str, str]:
    words = tool.words
    verb = next((w for w in words if w in _VERBS), None) or next((w for w in words if w in _PLAIN_VERBS), None)
    rest = [w for w in words if w != verb and w not in _NOISE and w.isalpha()]
    if tool.spec.vendor != "office" and len(rest) > 2:
        rest = rest[-2:]
    if not rest:
        rest = (tool.returned or tool.spec.domain.replace("_", " ")).split()
    last = rest[-1].removesuffix("s") if rest else ""
    if last in _OBJECTS and rng.random() < 0.6:
        rest = [*rest[:-1], rng.choice(_OBJECTS[last])]
    thing = " ".join(rest)
    if verb is None:
        return rng.choice(("do", "run", "use", "take care of", "handle")), " ".join(words[-3:]) or thing
    said = rng.choice(_VERBS[verb]) if verb in _VERBS and rng.random() < 0.75 else verb
    return said, thing


def _plural(thing: str) -> str:
    if not thing or thing.endswith("s"):
        return thing
    return thing[:-1] + "ies" if thing.endswith("y") and thing[-2:-1] not in "aeiou" else thing + "s"


def _said(rng: Random, mention: Mention) -> str:
    value, words = mention.value, mention.words
    match mention.role:
        case "to":
            return rng.choice(("to {v}", "to {v}", "for {v}", "with {v}" if "attendee" in words else "to {v}")).format(
                v=value
            )
        case "item":
            shapes = ("'{v}'", "called '{v}'", "about {v}", "on {v}", 'named "{v}"', "for the {v}")
            return rng.choice(shapes).format(v=value)
        case "amount":
            return rng.choice(("of {v}", "for {v}", "({w} {v})", "with {w} {v}")).format(v=value, w=words)
        case "date":
            return rng.choice(
                ("on {v}", "by {v}", "for {v}", "({w}: {v})", "from {v}" if "from" in words else "on {v}")
            ).format(v=value, w=words)
        case "text":
            return rng.choice(("saying '{v}'", 'with the {w} "{v}"', "{w}: {v}")).format(v=value.rstrip("."), w=words)
        case _:
            return rng.choice(("with {w} {v}", "({w}: {v})", "{w} {v}", "where {w} is {v}", "using {v}")).format(
                v=value, w=words
            )
