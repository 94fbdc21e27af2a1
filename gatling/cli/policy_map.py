"""`gatling policy map`: policies and a log in the latent space, as text, JSON or a picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from rich.markup import escape

from gatling.cli.console import counted, print_line
from gatling.cli.documents import print_json, read_policy, trace_sources
from gatling.errors import ConfigError
from gatling.policy import Oracle, recognise
from gatling.policymap import Drift, FarRequest, MappedPolicy, PolicyMap, drift, far_requests
from gatling.policymap.neighbours import Gap, Neighbour
from gatling.policymap.page import map_page
from gatling.runtime import RuntimeEncoders
from gatling.schema import read_traces
from gatling.schema.files import atomic_write
from gatling.tools import load_catalog

_TOOLS_SHOWN = 6
_REQUESTS_SHOWN = 10
_REQUEST_CHARS = 100


def run_map(
    files: Sequence[Path],
    *,
    traces: Path | None,
    nearest: int,
    catalog: Sequence[str] | None,
    output: Path | None,
    lenient: bool,
    as_json: bool,
) -> int:
    """Map the policies, print; return the exit status."""
    if traces is None and len(files) < 2:
        raise ConfigError("gatling policy map needs two policies or more, or a log (--traces) beside one")
    names = [str(file) for file in files]
    if len(set(names)) < len(names):
        raise ConfigError(f"gatling policy map names {next(n for n in names if names.count(n) > 1)} twice")
    sources = [read_policy(file) for file in files]
    policies = [
        MappedPolicy(name, source, recognise(source, strict=not lenient))
        for name, source in zip(names, sources, strict=True)
    ]
    encoders = RuntimeEncoders.from_folder()
    found = PolicyMap(policies, encoders, load_catalog(["builtin"] if catalog is None else catalog))
    near = [found.neighbours(i, nearest) for i in range(len(policies))]
    gaps = [found.gaps(i, nearest) for i in range(len(policies))]
    content: dict[str, Any] = {
        "policies": [
            {
                "policy": name,
                "nearest": [one.to_dict() for one in own],
                "not_covered": [gap.to_dict() for gap in lacking],
            }
            for name, own, lacking in zip(names, near, gaps, strict=True)
        ]
    }
    log: tuple[list[FarRequest], float, int] | None = None
    drifts: list[Drift] = []
    if traces is not None:
        items = list(chain.from_iterable(read_traces(source) for source in trace_sources(traces)))
        log = far_requests(Oracle(policies[0].rules), sources[0].data, items, encoders)
        drifts = drift(items, encoders)
        content |= {
            "log": {
                "traces": len(items),
                "allowed_plans": log[2],
                "far_below": round(log[1], 4),
                "far_requests": [one.to_dict() for one in log[0]],
                "drift": [one.to_dict() for one in drifts],
            }
        }
    if output is not None:
        with atomic_write(output) as stream:
            stream.write(map_page(found, near).encode())
    if as_json:
        print_json(content)
        return 0
    for name, own, lacking in zip(names, near, gaps, strict=True):
        _print_policy(name, own, lacking)
    if log is not None:
        _print_log(names[0], *log)
        _print_drift(drifts)
    if output is not None:
        print_line(f"{escape(str(output))}: the picture")
    return 0


def _print_policy(name: str, near: Sequence[Neighbour], gaps: Sequence[Gap]) -> None:
    if near:
        print_line(f"[bold]{escape(name)}[/]")
    for one in near:
        print_line(f"  near {escape(one.name)}, cosine {one.similarity:.2f}")
        for tools, where in ((one.only_here, "here"), (one.only_there, "there")):
            if tools:
                print_line(f"    granted only {where}: {escape(_some(tools))}")
    for gap in gaps:
        checked = "the oracle denies such a call here" if gap.is_checked else "no call could be made to check it"
        print_line(f"  says nothing of {escape(gap.tool)}, granted by {escape(_some(gap.granted_by))} ({checked})")


def _print_log(policy: str, far: Sequence[FarRequest], line: float, allowed: int) -> None:
    print_line(
        escape(f"{counted(len(far), 'request')} that no plan allowed by {policy} is near to")
        + f" (cosine below {line:.2f}; {counted(allowed, 'allowed plan')})"
    )
    for one in far[:_REQUESTS_SHOWN]:
        said = {"compliant": "allowed", "violation": "denied", "undecided": "open"}[one.own_plan]
        request = one.request if len(one.request) <= _REQUEST_CHARS else one.request[:_REQUEST_CHARS] + ".."
        print_line(escape(f"  trace {one.number}, cosine {one.similarity:.2f}, its own plan {said}: {request}"))
    if len(far) > _REQUESTS_SHOWN:
        print_line(f"  and {len(far) - _REQUESTS_SHOWN} more (--json has them all)")


def _print_drift(drifts: Sequence[Drift]) -> None:
    if not drifts:
        print_line("no drift looked for: that takes two windows of 20 traces")
        return
    moved = [one for one in drifts if one.is_drift]
    print_line(f"{counted(len(moved), 'window')} of {len(drifts)} differ from the first (p < 0.01)")
    for one in moved:
        shifts = ", ".join(f"{s.tool} {s.before:.0%} -> {s.after:.0%}" for s in one.shifts)
        print_line(
            escape(f"  traces {one.first} to {one.last}: distance {one.distance:.2f}, p {one.p_value:.3f}; {shifts}")
        )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _TOOLS_SHOWN} more" if len(names) > _TOOLS_SHOWN else ""
    return ", ".join(names[:_TOOLS_SHOWN]) + more
