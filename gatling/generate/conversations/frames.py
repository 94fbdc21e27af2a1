"""What may stand around any honest work: two wishes at once, a second request later, a question before the first change, habits."""

from __future__ import annotations

from collections.abc import Callable

from gatling.generate.conversations import browsing, errands, handing, reading
from gatling.generate.conversations.setting import Setting
from gatling.generate.conversations.spec import Act
from gatling.generate.conversations.talk import Talk
from gatling.generate.conversations.tasks import Task, read_profile
from gatling.generate.conversations.wordings import asked, lower_first, upper_first

Structure = Callable[[Setting], Task]
SIMPLE: tuple[tuple[Structure, float], ...] = (
    (reading.direct, 1), (reading.facts, 3), (reading.answer, 2), (reading.own_words, 2), (reading.computed, 1.2), (reading.condition, 1),
    (reading.choose, 1.6), (handing.order, 3), (handing.noted, 0.6), (handing.todo, 1), (handing.chain, 2.2), (handing.form, 1.4), (handing.everyone, 1),
    (errands.inquiry, 1.5), (errands.coded, 0.8), (errands.login, 0.7), (errands.download, 0.8), (browsing.foreach, 1),
    (browsing.browse, 1.2), (browsing.free_choice, 1.4), (browsing.register, 0.5),
)  # fmt: skip
_STRUCTURES, _WEIGHTS = zip(*SIMPLE, strict=True)


def draw_task(setting: Setting) -> Task:
    """Return honest work of some structure in some frame."""
    rng = setting.rng
    first: Task = rng.choices(_STRUCTURES, _WEIGHTS)[0](setting)
    x = rng.random()
    if x < 0.06:
        first = pair(setting, first, rng.choices(_STRUCTURES, _WEIGHTS)[0](setting))
    elif x < 0.12:
        first = later(setting, first, rng.choices(_STRUCTURES, _WEIGHTS)[0](setting))
    if rng.random() < 0.1:
        first = confirmed(setting, first)
    if rng.random() < 0.2:
        first = thorough(setting, first)
    return first


def pair(setting: Setting, a: Task, b: Task) -> Task:
    """Two independent wishes in one request."""
    shapes = (
        "{a}. Then {b}",
        "1. {A}. 2. {B}",
        "{a}, and after that {b}",
        "two things: {a}; {b}",
        "{A}. Also {b}",
        "{a}\n{b}",
    )
    words = {
        "a": lower_first(a.request),
        "b": lower_first(b.request),
        "A": upper_first(a.request),
        "B": upper_first(b.request),
    }

    def run(talk: Talk) -> str:
        return f"{a.run(talk)} {b.run(talk)}"

    return Task(
        f"{a.structure}+{b.structure}",
        setting.rng.choice(shapes).format(**words),
        run,
        a.targets + b.targets,
        a.acts + b.acts,
        a.delegates or b.delegates,
    )


def later(setting: Setting, a: Task, b: Task) -> Task:
    """A second request when the first is done."""
    second = asked(setting.rng, b.request, setting.user.first)

    def run(talk: Talk) -> str:
        talk.confirm(a.run(talk), second)
        return b.run(talk)

    return Task(f"{a.structure},{b.structure}", a.request, run, a.targets, a.acts + b.acts, a.delegates)


_QUESTIONS = ("I would now go ahead as described. Shall I?", "I have what I need. Is it fine to proceed?", "Ready. Should I do it?",
              "Before I change anything: go on?", "This is what I would do: {act}. OK?", "Next is {act}. Do you agree?")  # fmt: skip
_AGREED = (
    "Yes, please.",
    "yes",
    "Go ahead.",
    "Sure, do it.",
    "ok",
    "Yes, thanks.",
    "Confirmed.",
    "yes do it",
    "Fine with me.",
)


def confirmed(setting: Setting, task: Task) -> Task:
    """A question before the first change, which the user answers with yes."""
    rng = setting.rng
    inner, question, yes = task.run, rng.choice(_QUESTIONS), rng.choice(_AGREED)

    def run(talk: Talk) -> str:
        def before(act: Act) -> None:
            talk.before_act = None
            if talk.hops:
                talk.confirm(question.format(act=act.name), yes)

        talk.before_act = before
        return inner(talk)

    return Task(f"{task.structure}-confirmed", task.request, run, task.targets, task.acts, task.delegates)


def thorough(setting: Setting, task: Task) -> Task:
    """An agent that looks around before it begins, as many do."""
    rng = setting.rng
    inner = task.run
    kinds = rng.sample(sorted(setting.kinds), min(2, len(setting.kinds)))
    profile = rng.random() < 0.3

    def run(talk: Talk) -> str:
        if profile:
            read_profile(talk)
        for name in kinds[: rng.choice((1, 1, 2))]:
            kind = setting.kinds[name]
            if not kind.is_item:
                talk.list_records(name)
            elif not {"page", "path"} & kind.flags:
                talk.reach(*setting.kind_items(name)[:1], by="list")
        return inner(talk)

    return Task(task.structure, task.request, run, task.targets, task.acts, task.delegates)
