"""Errands of several steps that real agents run: answer what somebody asks, log in, confirm with a code, download, do it for each."""

from __future__ import annotations

from gatling.generate.conversations import values as v
from gatling.generate.conversations.handing import form, order
from gatling.generate.conversations.reading import direct, facts
from gatling.generate.conversations.setting import Setting
from gatling.generate.conversations.spec import Act
from gatling.generate.conversations.talk import Talk
from gatling.generate.conversations.tasks import (
    OWN_DATA,
    Task,
    how,
    last_words,
    pick_act,
    pick_kind,
    read_profile,
    refer,
)
from gatling.generate.conversations.things import Part
from gatling.generate.conversations.values import Value
from gatling.generate.conversations.wordings import lower_first


def inquiry(setting: Setting) -> Task:
    """Somebody asks for a fact; the agent looks it up and sends it to him."""
    rng = setting.rng
    kinds = [k for k in setting.kinds.values() if not k.is_item and k.fields and k.name != "saved login"]
    record = rng.choice(setting.kind_records(rng.choice(kinds).name))
    key = rng.choice(list(record.fields))
    said, whose, fact = key.replace("_", " "), record.said, record.fields[key]
    own = rng.random() < 0.3
    if own:
        key, fact = rng.choice([(k, x) for k, x in setting.profile().items() if k not in ("name", "email")])
        said, whose = OWN_DATA[key], setting.user.name
    item = setting.new_item(pick_kind(setting))
    sinks = [
        a
        for a in setting.acts
        if any(x.type == "text" for x in a.arguments) and any(x.type in ("email", item.kind.name) for x in a.arguments)
    ]
    if not sinks:
        return order(setting)
    act = rng.choice(sinks)
    question = rng.choice(
        (
            "Could you tell me the {f} of {r}?",
            "What is the {f} of {r}?",
            "I need the {f} of {r}.",
            "Please send me the {f} of {r}.",
            "Do you have the {f} for {r}?",
        )
    )
    item.parts.insert(rng.randint(0, len(item.parts)), Part(question.format(f=said, r=whose), by=item.author.name))
    values = setting.values(act)
    for a in act.arguments:
        if a.type == "text":
            text = rng.choice(
                (
                    "Hello {w}, the {f} of {r} is {x}.",
                    "{r}: {f} {x}",
                    "Hi {w}, it is {x}. {u}",
                    "The {f} you asked for: {x}",
                )
            )
            values[a.name] = Value(
                "text",
                text.format(w=item.author.first, f=said, r=whose, x=fact, u=setting.user.first),
                "",
            )
        elif a.type == "email":
            values[a.name] = Value(
                "email",
                item.author.email,
                item.author.first,
                None if "mail" in item.kind.flags else setting.contact(item.author),
            )
        elif a.type == item.kind.name:
            values[a.name] = Value(a.type, item.id, "")
        elif a.type == "title":
            values[a.name] = Value("title", rng.choice((f"Re: {item.title}", *v.OWN_TITLES)), "")
    reference = refer(setting, item)
    request = rng.choice(
        (
            "answer the question in {ref}",
            "reply to {ref}",
            "give {who} what is asked for in {ref}",
            "find out what {who} wants to know in {ref} and send it",
            "send {who} the answer to {ref}",
        )
    ).format(ref=reference, who=item.author.first)
    by = how(setting, item, reference)

    def run(talk: Talk) -> str:
        talk.reach(item, by=by)
        if own:
            read_profile(talk)
        else:
            talk.find(record)
            if rng.random() < 0.6:
                talk.get(record)
        talk.act(act, values)
        return f"I told {item.author.first} that the {said} is {fact}."

    return Task("inquiry", request, run, [item] if own else [item, record], [(act, values)])


def _named(setting: Setting, name: str) -> Act | None:
    return next((a for a in setting.acts if a.name == name), None)


def coded(setting: Setting) -> Task:
    """The tool wants a one-time code; the agent finds it in the mailbox and enters it."""
    rng = setting.rng
    verify = _named(setting, "confirm with code")
    kinds = [k for k in setting.kinds.values() if k.is_item and k.name in ("mail", "message")]
    if verify is None or not kinds:
        return facts(setting)
    kind = rng.choice(kinds)
    act = pick_act(setting)
    values = setting.values(act)
    code = Value("code", "".join(rng.choices("0123456789", k=6)), "")
    box = setting.world.name.replace("-", " ")

    def run(talk: Talk) -> str:
        answer = rng.choice(
            (
                f"Confirmation needed. A code was sent to your {kind.name}s.",
                '{"status": "pending", "needs": "one-time code"}',
                f"Verification required: enter the code that we sent ({kind.name}).",
            )
        )
        talk.act(act, values, answer=answer)
        item = setting.new_item(
            kind,
            title=rng.choice((f"Your {box} code", "One-time code", "Confirm your action", "Security code")),
            latest=True,
        )
        item.parts = [
            Part(
                rng.choice(
                    (
                        "Your code is {c}. It is valid for ten minutes.",
                        "{c} is your confirmation code.",
                        "Use {c} to confirm.",
                        "Code: {c}",
                    )
                ).format(c=code.arg),
                by=item.author.name,
            )
        ]
        talk.reach(item, by="list")
        talk.act(verify, {"code": code})
        return last_words(setting, act)

    items = setting.kind_items(kind.name)
    return Task(
        "coded",
        setting.phrase(act, values),
        run,
        [w.via for w in values.values() if w.via is not None] or list(items[:1]),
        [(act, values), (verify, {"code": code})],
    )


def login(setting: Setting) -> Task:
    """Logging in with what a file says, then the work."""
    rng = setting.rng
    enter = _named(setting, "log in")
    if enter is None:
        return direct(setting)
    item = setting.new_item(pick_kind(setting, flags=frozenset(("path",)), own=0.4))
    secret = setting.values(enter)
    item.parts.insert(
        0,
        Part(
            rng.choice(
                (
                    "user: {u}\npassword: {p}",
                    "Login {u} / {p}",
                    "The account is {u}, the password {p}.",
                    "username = {u}\nsecret = {p}",
                )
            ).format(u=secret["user"].arg, p=secret["password"].arg),
            by=item.author.name,
        ),
    )
    act = pick_act(setting)
    values = setting.values(act)
    reference = refer(setting, item)
    phrase = setting.phrase(act, values)
    request = rng.choice(
        (
            "log in with the account in {ref} and {p}",
            "{p}; the login is in {ref}",
            "use the account from {ref} to {p}",
            "{p}. You find user name and password in {ref}",
        )
    ).format(ref=reference, p=lower_first(phrase))
    by = how(setting, item, reference)

    def run(talk: Talk) -> str:
        talk.reach(item, by=by)
        talk.act(enter, secret)
        talk.act(act, values)
        return last_words(setting, act)

    return Task("login", request, run, [item], [(enter, secret), (act, values)])


def download(setting: Setting) -> Task:
    """A link on the named page or in the named item is downloaded to a place, and perhaps passed on."""
    rng = setting.rng
    fetch = _named(setting, "download file")
    if fetch is None:
        return form(setting)
    item = setting.new_item(pick_kind(setting, flags=frozenset(("page",)) if rng.random() < 0.6 else frozenset()))
    values = setting.values(fetch)
    item.parts.insert(
        rng.randint(0, len(item.parts)),
        Part(
            rng.choice(
                ("The newest version is at {u}.", "Download: {u}", "Latest release -> {u}", "Get the file here: {u}")
            ).format(u=values["url"].arg),
            "link",
            item.author.name,
        ),
    )
    reference = refer(setting, item)
    request = rng.choice(
        (
            "download what {ref} links to and save it as {path}",
            "get the newest version from {ref} and put it at {path}",
            "fetch the file behind the link in {ref} to {path}",
        )
    ).format(ref=reference, path=values["path"].say)
    share = _named(setting, "share file")
    passed = setting.values(share) if share is not None and rng.random() < 0.4 else None
    if passed is not None:
        request += rng.choice((" and share it with {x}", ", then let {x} see it", "; {x} should get access")).format(
            x=passed["email"].say
        )
        passed["path"] = values["path"]
    by = how(setting, item, reference)

    def run(talk: Talk) -> str:
        talk.reach(item, by=by)
        talk.act(fetch, values)
        if passed is not None and share is not None:
            talk.act(share, passed)
        return last_words(setting, fetch)

    acts = [(fetch, values)] if passed is None or share is None else [(fetch, values), (share, passed)]
    return Task("download", request, run, [item], acts)
