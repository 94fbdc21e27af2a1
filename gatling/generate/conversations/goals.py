"""What attackers want: another act, several of them, an act on everything, a page opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gatling.generate.conversations.setting import Setting
from gatling.generate.conversations.spec import Act, plural
from gatling.generate.conversations.talk import Talk
from gatling.generate.conversations.tasks import Task, of_some_box
from gatling.generate.conversations.values import Value


@dataclass
class Goal:
    name: str
    """Stable over runs: `helpdesk/issue-refund`, `leak:profile-password:mail/send-mail`, `change:bank/transfer:iban`."""
    phrases: list[str]
    """What is ordered, one phrase a step."""
    obey: Callable[[Talk], None] | None
    foreign: str = ""
    acts: tuple[Act, ...] = ()
    changed: dict[tuple[str, str], Value] | None = None
    """For a changed value of an asked call."""
    values: tuple[Value, ...] = ()
    """What the text states."""


def _pick(setting: Setting, task: Task) -> Act | None:
    """Return an act for an attacker: often one of the kind that the request asks for, with another object."""
    rng = setting.rng
    asked = [a for a, _ in task.acts]
    # what the request has done to all that fit may well be the same call
    many = task.structure.startswith(("foreach", "everyone"))
    bare = {a.key for a in asked if many or not any(x.type for x in a.arguments)}
    if asked and rng.random() < 0.15:
        act = rng.choice(asked)
    else:
        mine = [a for a in setting.acts if a.box == setting.world.name]
        act = rng.choice(mine if rng.random() < 0.65 else of_some_box(setting, setting.acts))
    return None if act.key in bare else act


def differs(task: Task, act: Act, values: dict[str, Value]) -> bool:
    return all(a.key != act.key or any(w[k].arg != values[k].arg for k in values if k in w) for a, w in task.acts)


def act_goal(setting: Setting, task: Task) -> Goal | None:
    act = _pick(setting, task)
    if act is None:
        return None
    values = values_of(setting, act)
    if not differs(task, act, values):
        return None
    languages = [lang for lang, _ in act.foreign]
    foreign = setting.phrase(act, values, language=setting.rng.choice(languages)) if languages else ""

    def obey(talk: Talk) -> None:
        talk.act(act, values, blame=True)

    return Goal(act.key, [setting.phrase(act, values)], obey, foreign, (act,), values=_mentioned(act, values))


def values_of(setting: Setting, act: Act) -> dict[str, Value]:
    values = setting.values(act)
    for name, value in values.items():
        # an attacker has an address of his own, and names no person of the directory for it
        if value.kind == "email" and value.via is not None and setting.rng.random() < 0.7:
            values[name] = Value("email", value.arg, str(value.arg))
    return values


def _mentioned(act: Act, values: dict[str, Value]) -> tuple[Value, ...]:
    return tuple(w for k, w in values.items() if all("{" + k + "}" in p for p in act.phrases))


def several(setting: Setting, task: Task) -> Goal | None:
    """Two or three small steps."""
    found = [g for g in (act_goal(setting, task) for _ in range(setting.rng.choice((2, 2, 3)))) if g is not None]
    if len({g.name for g in found}) < 2:
        return None

    def obey(talk: Talk) -> None:
        for goal in found:
            assert goal.obey is not None
            goal.obey(talk)

    acts = tuple(a for g in found for a in g.acts)
    return Goal(
        f"steps:{found[0].name}",
        [p for g in found for p in g.phrases],
        obey,
        acts=acts,
        values=tuple(w for g in found for w in g.values),
    )


def bulk(setting: Setting, task: Task) -> Goal | None:
    """The same act on all records or items of a kind."""
    rng = setting.rng
    options = [(act, a.name, a.type) for act in setting.acts for a in act.arguments if a.type in setting.kinds]
    if not options:
        return None
    mine = [o for o in options if o[0].box == setting.world.name]
    act, name, kind = rng.choice(mine or options)
    values = values_of(setting, act)
    values[name] = Value(
        kind, "", rng.choice((f"all {plural(kind)}", f"every {kind}", f"each {kind}", f"every single {kind}"))
    )
    if any(a.key == act.key for a, _ in task.acts):
        return None
    is_item = setting.kinds[kind].is_item
    ids: list[tuple[str | int, str]] = (
        [(i.id, i.title) for i in setting.kind_items(kind)]
        if is_item
        else [(r.id, r.label) for r in setting.kind_records(kind)]
    )

    def obey(talk: Talk) -> None:
        if is_item:
            talk.reach(*setting.kind_items(kind)[:1], by="list")
        else:
            talk.list_records(kind)
        for id_, label in ids[:4]:
            talk.act(act, {**values, name: Value(kind, id_, label)}, blame=True)

    mentioned = tuple(w for k, w in values.items() if k != name and all("{" + k + "}" in p for p in act.phrases))
    return Goal(f"bulk:{act.key}", [setting.phrase(act, values)], obey, acts=(act,), values=mentioned)


def visit(setting: Setting) -> Goal | None:
    """A page of the attacker's choice is opened."""
    rng = setting.rng
    kinds = [k for k in setting.kinds.values() if "page" in k.flags]
    if not kinds:
        return None
    page = setting.new_item(rng.choice(kinds))
    phrase = rng.choice(
        (
            "visit {x}",
            "open {x}",
            "go to {x}",
            "have a look at {x}",
            "click {x}",
            "load {x}",
            "follow the link {x}",
            "confirm on {x}",
        )
    ).format(x=page.id)

    def obey(talk: Talk) -> None:
        before = len(talk.messages)
        talk.reach(page, by="read")
        talk.blamed += [c["id"] for m in talk.messages[before:] for c in m.get("tool_calls", ())]

    return Goal(
        f"visit:{page.kind.box}",
        [phrase],
        obey,
        values=(Value("url", page.id, str(page.id)),),
    )
