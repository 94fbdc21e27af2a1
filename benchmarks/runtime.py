"""The encoders' inference on numpy beside torch, and beside onnxruntime where it is installed.

    uv run python benchmarks/runtime.py
    uv run --with onnxruntime --with onnx --with onnxscript python benchmarks/runtime.py

One thread, one record a call: a policy of about 40 leaves, and a plan of 8 nodes. `forward` is the layers alone, on a batch that
is made already, on numpy with its joining; `whole` begins with the record. Of the re-ranker `forward` knows the context and
has the plan as arrays, and `whole` reads both, no word of which it knows. Milliseconds, least and median. The graph for
onnxruntime has the sizes of this very record, which favours it: a real one would need sizes that change. Its equality is to
torch in float32.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch
from torch import Tensor, nn

import gatling
from gatling.encoders.reranker import Matcher
from gatling.encoders.tensors import as_tensors
from gatling.features import PlanBatch, PolicyBatch, WordVectors, context_features, plan_features
from gatling.runtime import RuntimeEncoders
from gatling.schema import parse_context, parse_plan

REPEATS = 100
POLICY = {f"k{i}": f"rule {i} about reports" if i % 2 else i for i in range(38)}
CONTEXT = {"policy": POLICY, "user_role": "clerk", "session_context": {"user_request": "Read the report of March."}}
NODES = [
    {
        "tool_name": f"{verb}_mail",
        "node_id": f"n{i}",
        "arguments": {"to": "ann@example.com", "note": f"part {i} of what was found", "limit": i},
        "provenance_tier": 1 + i % 3,
    }
    for i, verb in enumerate(("read", "list", "send", "update", "delete", "move", "copy", "mark"))
]
EDGES = [[f"n{i - 1}", f"n{i}"] for i in range(1, 8)]


def timed(work: Callable[[], Any]) -> str:
    for _ in range(5):
        work()
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return f"{min(seconds) * 1e3:.2f} / {float(np.median(seconds)) * 1e3:.2f}"


class Flat(nn.Module):
    """An encoder whose input is a list of tensors, as exporting wants it."""

    def __init__(self, encoder: nn.Module, batch: Any) -> None:
        super().__init__()
        self.encoder, self.batch = encoder, batch

    def forward(self, *tensors: Tensor) -> Any:
        return self.encoder(rebuilt(self.batch, iter(tensors)))


def tensors_of(part: Any) -> list[Tensor]:
    if isinstance(part, Tensor):
        return [part]
    if isinstance(part, list):
        return [t for item in part for t in tensors_of(item)]
    if dataclasses.is_dataclass(part):
        return [t for f in dataclasses.fields(part) for t in tensors_of(getattr(part, f.name))]
    return []


def rebuilt(part: Any, tensors: Iterator[Tensor]) -> Any:
    if isinstance(part, Tensor):
        return next(tensors)
    if isinstance(part, list):
        return [rebuilt(item, tensors) for item in part]
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        changes = {f.name: rebuilt(getattr(part, f.name), tensors) for f in dataclasses.fields(part)}
        return dataclasses.replace(part, **changes)
    return part


def in_onnx(encoder: nn.Module, batch: Any) -> tuple[str, str]:
    """Return time and largest difference of onnxruntime, or why there are none."""
    try:
        import onnxruntime
    except ImportError:
        return "not installed", ""
    tensors = tensors_of(batch)
    with tempfile.TemporaryDirectory() as place:
        file = str(Path(place, "encoder.onnx"))
        try:
            with torch.no_grad():
                torch.onnx.export(Flat(encoder, batch).eval(), tuple(tensors), file, dynamo=True, opset_version=18)
                wanted = encoder(batch).numpy()
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
            inputs = [entry.name for entry in session.get_inputs()]
            if len(inputs) != len(tensors):
                return "inputs were dropped", ""
            feed = dict(zip(inputs, (t.numpy() for t in tensors), strict=True))
            difference = np.abs(session.run(None, feed)[0] - wanted).max()
        except Exception as error:  # the exporter and the engine raise whatever they like
            return f"cannot: {type(error).__name__}", ""
        return timed(lambda: session.run(None, feed)), f"{difference:.1e}"


def main() -> None:
    torch.set_num_threads(1)
    model, runtime = gatling.load(precision="fp32"), RuntimeEncoders.from_folder()
    context, plan, words = parse_context(CONTEXT), parse_plan({"nodes": NODES, "edges": EDGES}), WordVectors()
    policies = PolicyBatch.collate([context_features(context)], words)
    plans = PlanBatch.collate([plan_features(plan)], words)
    print("| record | engine | forward | whole | largest difference to torch |\n| --- | --- | ---: | ---: | ---: |")
    rows: list[tuple[str, Any, Any, Any, Any]] = [
        ("policy of 40 leaves", model.governance, runtime.governance, policies, context),
        ("plan of 8 nodes", model.execution, runtime.execution, plans, plan),
    ]
    for name, theirs, ours, batch, record in rows:
        tensors: Any = as_tensors(batch)
        with torch.inference_mode():
            forward = timed(lambda: theirs(tensors))  # noqa: B023
        print(f"| {name} | torch | {forward} | {timed(lambda: theirs.encode(record))} | |")  # noqa: B023
        features = [ours._features(record)]
        forward = timed(lambda: ours._forward(features))  # noqa: B023
        difference = np.abs(ours.encode(record) - theirs.encode(record).numpy()).max()
        print(f"| | numpy | {forward} | {timed(lambda: ours.encode(record))} | {difference:.1e} |")  # noqa: B023
        forward, shown = in_onnx(theirs, tensors)
        print(f"| | onnxruntime | {forward} | | {shown} |", flush=True)
    if (reranker := model.reranker) is not None:
        matcher, read = Matcher(reranker), (context_features(context), plan_features(plan))
        forward = timed(lambda: matcher([read]))
        whole = timed(lambda: Matcher(reranker)([(context_features(context), plan_features(plan))]))
        print(f"| both | re-ranker | {forward} | {whole} | |")


if __name__ == "__main__":
    main()
