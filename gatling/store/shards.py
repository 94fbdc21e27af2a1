"""A shard: tokenised traces in one Arrow IPC file, read by mapping it into memory.

- A file holds one record batch of one row; each column is a list: an array of its own length. Views on it are numpy
  arrays without a copy, so what is resident is what was touched, and the system can drop it again.
- Each distinct context and plan of the shard stands once, in the order of its first occurrence; so does each text, as word
  numbers of the shard and as it was written, and each row of typed values, as they repeat. Integers are as narrow as the largest
  one needs.
- Texts as they were written are for backbones that read those (`raw_texts`); one that reads words never touches them.
- Typed values (sizes, tiers, flags, places) have columns of their own, apart from texts. What a number is worth is in no column:
  it follows from the number's word, see `features.numbers`.
- What follows from other columns is not stored: a record's words from its texts, subtree ends and blocks from parents.
- The features come back bit for bit.
- Arrow, not safetensors: with numpy that copies every array when a file is opened (114 MB and 0.4 s for a shard of 120 MB, here
  3 MB and 0.015 s), and mapping it takes torch.
- On request the records themselves are kept too, compressed one by one: what makes hard negatives on the fly needs them.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from gatling.features import ContextFeatures, PlanFeatures, context_features, plan_features
from gatling.features.plan import NUM_LEAF_VALUES, NUM_NODE_VALUES
from gatling.features.policy import NUM_TOKEN_VALUES, cut_blocks, subtree_ends
from gatling.features.text import Texts
from gatling.schema import ExecutionPlan, GovernanceContext, Trace, parse_context, parse_plan
from gatling.schema.plain import decode_json
from gatling.store.raw_texts import Columns, RawTexts, RawWriter, require_raw

LAYOUT_VERSION = 1
DIGEST_BYTES = 16


def short_digest(text: str) -> bytes:
    """Return the digest that stands for a group's name in shards."""
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


class ShardBuilder:
    """Collects traces; `write` makes the file. Memory grows with the distinct contexts and plans.

    Args:
        keep_records: keep contexts and plans themselves beside their features.
    """

    def __init__(self, *, keep_records: bool = False) -> None:
        self._records: dict[str, list[bytes]] | None = {"context": [], "plan": []} if keep_records else None
        self._contexts: dict[str, int] = {}
        self._plans: dict[str, int] = {}
        self._words: dict[str, int] = {}
        self._texts: dict[tuple[bytes, str], int] = {}
        self._raw = RawWriter()
        self._names: dict[str, dict[str, int]] = {"source": {}, "violation_type": {}, "group": {}}
        self._traces: list[tuple[int, int, bool, int, int, int]] = []
        self._columns: dict[str, list[np.ndarray]] = {}
        self._rows: dict[str, dict[bytes, int]] = {"token": {}, "node": {}, "leaf": {}}

    def __len__(self) -> int:
        return len(self._traces)

    def add(self, trace: Trace, group: str) -> None:
        """Append one trace. Raises: InputError if it is larger than the features take; nothing is added then."""
        context, plan = trace.governance_context, trace.execution_plan
        new_context = None if context.digest in self._contexts else context_features(context)
        new_plan = None if plan.digest in self._plans else plan_features(plan)
        if new_context is not None:
            self._contexts[context.digest] = len(self._contexts)
            self._keep("context", context)
            self._add_context(new_context)
        if new_plan is not None:
            self._plans[plan.digest] = len(self._plans)
            self._keep("plan", plan)
            self._add_plan(new_plan)
        source, violation_type = trace.source or "", trace.violation_type or ""
        names = zip(self._names.values(), (source, violation_type, group), strict=True)
        codes = [known.setdefault(name, len(known)) for known, name in names]
        self._traces.append(
            (self._contexts[context.digest], self._plans[plan.digest], trace.is_compliant, codes[0], codes[1], codes[2])
        )

    def _keep(self, name: str, record: GovernanceContext | ExecutionPlan) -> None:
        if self._records is not None:
            text = json.dumps(record.model_dump(mode="json", exclude_unset=True), ensure_ascii=False)
            self._records[name].append(zlib.compress(text.encode(), 6))

    def _add_context(self, features: ContextFeatures) -> None:
        self._append("context_text", self._text_numbers(features.texts))
        self._append("token_key", features.key_text)
        self._append("token_value", features.value_text)
        self._append("token_row", self._row_numbers("token", features.codes, features.values))
        self._append("token_up", np.arange(features.num_tokens) - features.parent)

    def _add_plan(self, features: PlanFeatures) -> None:
        self._append("plan_text", self._text_numbers(features.texts))
        self._append("node_tool", features.tool_text)
        self._append("node_row", self._row_numbers("node", features.node_codes, features.node_values))
        self._append("leaf_node", features.leaf_node)
        self._append("leaf_path", features.leaf_path_text)
        self._append("leaf_value", features.leaf_value_text)
        self._append("leaf_row", self._row_numbers("leaf", features.leaf_kind[:, None], features.leaf_values))
        self._append("edge_source", features.edges[0])
        self._append("edge_target", features.edges[1])
        self._append("edge_text", features.edge_text)

    def _append(self, name: str, values: np.ndarray) -> None:
        self._columns.setdefault(name, []).append(values.astype(np.uint32))

    def _text_numbers(self, texts: Texts) -> np.ndarray:
        known = self._words
        own = np.array([known.setdefault(word, len(known)) for word in texts.words], np.uint32)
        content = own[texts.word_index].tobytes()
        ends = (texts.offsets * 4).tolist()
        rows, numbers = self._texts, []
        for (start, end), raw in zip(pairwise(ends), texts.raw, strict=True):
            count = len(rows)
            numbers.append(rows.setdefault((content[start:end], raw), count))
            self._raw.visit(raw, (end - start) // 4, is_new=len(rows) > count)
        return np.array(numbers, np.uint32)

    def _row_numbers(self, name: str, codes: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return for each row of int16 codes and float32 values its number among the distinct ones."""
        known = self._rows[name]
        rows = np.hstack([np.ascontiguousarray(part).view(np.uint8) for part in (codes, values)])
        width, content = rows.shape[1], rows.tobytes()
        parts = (content[i : i + width] for i in range(0, len(content), width))
        return np.array([known.setdefault(part, len(known)) for part in parts], np.uint32)

    def columns(self) -> Columns:
        """Return the arrays of the file, by name; see `Shard` for what they mean."""
        out: Columns = {}
        for name, first in (("context", "context_text"), ("token", "token_key"), ("plan", "plan_text")):
            out[f"{name}_offsets"] = _offsets(self._columns.get(first, []))
        for name, first in (("node", "node_tool"), ("leaf", "leaf_node"), ("edge", "edge_text")):
            out[f"{name}_offsets"] = _offsets(self._columns.get(first, []))
        for name in _RAGGED:
            out[name] = _narrow(np.concatenate([np.zeros(0, np.uint32), *self._columns.get(name, [])]))
        for name, (num_codes, num_values) in _ROWS.items():
            rows = np.frombuffer(b"".join(self._rows[name]), np.uint8).reshape(-1, 2 * num_codes + 4 * num_values)
            out[f"{name}_codes"] = np.ascontiguousarray(rows[:, : 2 * num_codes]).view(np.int16).ravel()
            out[f"{name}_values"] = np.ascontiguousarray(rows[:, 2 * num_codes :]).view(np.float32).ravel()
        out["word_bytes"], out["word_offsets"] = _strings(self._words)
        texts = [words for words, _ in self._texts]
        out["text_words"] = _narrow(np.frombuffer(b"".join(texts), np.uint32))
        out["text_offsets"] = _narrow(np.concatenate([[0], np.cumsum([len(words) // 4 for words in texts])]))
        out |= {name: _narrow(column) for name, column in self._raw.columns().items()}
        for name, digests in (("context", self._contexts), ("plan", self._plans)):
            content = b"".join(bytes.fromhex(digest)[:DIGEST_BYTES] for digest in digests)
            out[f"{name}_digest"] = np.frombuffer(content, np.uint8)
        for name, known in self._names.items():
            out[f"{name}_bytes"], out[f"{name}_offsets_of_names"] = _strings(known)
        for name, records in (self._records or {}).items():
            out[f"{name}_record"] = np.frombuffer(b"".join(records), np.uint8)
            out[f"{name}_record_offsets"] = _offsets([np.empty(len(one), np.uint8) for one in records])
        groups = b"".join(short_digest(name) for name in self._names["group"])
        out["group_digest"] = np.frombuffer(groups, np.uint8)
        traces = np.array(self._traces, np.int64).reshape(-1, len(_TRACE))
        return out | {name: _narrow(column) for name, column in zip(_TRACE, traces.T, strict=True)}

    def write(self, stream: BinaryIO) -> None:
        """Write the shard as an Arrow IPC file; the same traces give the same bytes."""
        columns = self.columns()
        lists = [pa.LargeListArray.from_arrays(pa.array([0, len(a)]), pa.array(a)) for a in columns.values()]
        fields = [pa.field(name, one.type) for name, one in zip(columns, lists, strict=True)]
        schema = pa.schema(fields, metadata={"gatling.layout": str(LAYOUT_VERSION)})
        content = pa.BufferOutputStream()
        with pa.ipc.new_file(content, schema) as out:
            out.write_batch(pa.RecordBatch.from_arrays(lists, schema=schema))
        stream.write(content.getvalue())


_RAGGED = (
    "context_text", "token_key", "token_value", "token_row", "token_up",
    "plan_text", "node_tool", "node_row", "leaf_node", "leaf_path", "leaf_value", "leaf_row",
    "edge_source", "edge_target", "edge_text",
)  # fmt: skip
_ROWS = {"token": (4, NUM_TOKEN_VALUES), "node": (2, NUM_NODE_VALUES), "leaf": (1, NUM_LEAF_VALUES)}
_TRACE = ("trace_context", "trace_plan", "trace_compliant", "trace_source", "trace_violation_type", "trace_group")


def _narrow(values: np.ndarray) -> np.ndarray:
    """Return non-negative integers in the narrowest unsigned type that holds them."""
    largest = int(values.max()) if len(values) else 0
    return values.astype(np.min_scalar_type(largest))


def _offsets(parts: list[np.ndarray]) -> np.ndarray:
    return _narrow(np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)]))


def _strings(texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    encoded = [text.encode() for text in texts]
    return np.frombuffer(b"".join(encoded), np.uint8), _offsets([np.empty(len(one), np.uint8) for one in encoded])


class Strings:
    """Texts in one array of bytes, decoded one by one when they are asked for."""

    def __init__(self, content: np.ndarray, offsets: np.ndarray) -> None:
        self._content = memoryview(content)  # type: ignore[arg-type]
        self._offsets = offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, number: int) -> str:
        return str(self._content[self._offsets[number] : self._offsets[number + 1]], "utf-8")

    def take(self, numbers: np.ndarray) -> list[str]:
        starts, ends = self._offsets[numbers].tolist(), self._offsets[numbers + 1].tolist()
        content = self._content
        return [str(content[a:b], "utf-8") for a, b in zip(starts, ends, strict=True)]


class Shard:
    """A shard that is read: C contexts, P plans, M traces, G groups.

    Args:
        source: the file, which is mapped, or its bytes.
    """

    def __init__(self, source: Path | bytes) -> None:
        self._source = source
        stream = pa.memory_map(str(source)) if isinstance(source, Path) else pa.BufferReader(source)
        with stream:  # what was mapped stays so while an array refers to it; the file itself is not kept open
            batch = pa.ipc.open_file(stream).get_batch(0)
        columns: Columns = {
            field.name: column.values.to_numpy(zero_copy_only=True)
            for field, column in zip(batch.schema, batch.columns, strict=True)
        }
        self._columns = columns
        self._path = source if isinstance(source, Path) else None
        self._words = Strings(columns["word_bytes"], columns["word_offsets"])
        self.context_digest = columns["context_digest"].reshape(-1, DIGEST_BYTES)
        """`(C, 16)` uint8."""
        self.plan_digest = columns["plan_digest"].reshape(-1, DIGEST_BYTES)
        """`(P, 16)` uint8."""
        self.group_digest = columns["group_digest"].reshape(-1, DIGEST_BYTES)
        """`(G, 16)` uint8."""
        self.context, self.plan, self.is_compliant, self.source, self.violation_type, self.group = (
            columns[name] for name in _TRACE
        )
        """`(M,)` unsigned each: rows of contexts and plans, 0 or 1, and numbers of names."""
        self.source_names, self.violation_type_names, self.group_names = (
            Strings(columns[f"{name}_bytes"], columns[f"{name}_offsets_of_names"])
            for name in ("source", "violation_type", "group")
        )
        self._rows = {
            name: (columns[f"{name}_codes"].reshape(-1, widths[0]), columns[f"{name}_values"].reshape(-1, widths[1]))
            for name, widths in _ROWS.items()
        }

    def __reduce__(self) -> tuple[Any, ...]:  # another process maps the file itself
        return Shard, (self._source,)

    def __len__(self) -> int:
        return len(self.context)

    def require_raw(self) -> None:
        """Check that texts are kept as they were written. Raises: InputError, which says what to run again."""
        require_raw(self._columns, self._path)

    def context_features(self, row: int) -> ContextFeatures:
        """Return the arrays of a context."""
        span = self._span("token", row)
        codes, values = (table[self._columns["token_row"][span]] for table in self._rows["token"])
        parent = np.arange(len(codes), dtype=np.int32) - self._columns["token_up"][span].astype(np.int32)
        return ContextFeatures(
            texts=self._texts("context", row),
            key_text=self._numbers("token_key", span),
            value_text=self._numbers("token_value", span),
            codes=codes,
            values=values,
            parent=parent,
            end=subtree_ends(parent),
            blocks=cut_blocks(parent),
        )

    def plan_features(self, row: int) -> PlanFeatures:
        """Return the arrays of a plan."""
        nodes, leaves, edges = (self._span(name, row) for name in ("node", "leaf", "edge"))
        node_codes, node_values = (table[self._columns["node_row"][nodes]] for table in self._rows["node"])
        leaf_kind, leaf_values = (table[self._columns["leaf_row"][leaves]] for table in self._rows["leaf"])
        return PlanFeatures(
            texts=self._texts("plan", row),
            tool_text=self._numbers("node_tool", nodes),
            node_codes=node_codes,
            node_values=node_values,
            leaf_node=self._numbers("leaf_node", leaves),
            leaf_path_text=self._numbers("leaf_path", leaves),
            leaf_value_text=self._numbers("leaf_value", leaves),
            leaf_kind=leaf_kind[:, 0],
            leaf_values=leaf_values,
            edges=np.stack([self._numbers("edge_source", edges), self._numbers("edge_target", edges)]),
            edge_text=self._numbers("edge_text", edges),
        )

    def context_record(self, row: int) -> GovernanceContext:
        """Return a context itself."""
        return parse_context(self._record("context", row))

    def plan_record(self, row: int) -> ExecutionPlan:
        """Return a plan itself."""
        return parse_plan(self._record("plan", row))

    def _record(self, name: str, row: int) -> Any:
        start, end = self._columns[f"{name}_record_offsets"][row : row + 2].tolist()
        return decode_json(zlib.decompress(self._columns[f"{name}_record"][start:end].tobytes()).decode())

    def group_name(self, row: int) -> str:
        return self.group_names[row]

    def _span(self, name: str, row: int) -> slice:
        offsets = self._columns[f"{name}_offsets"]
        return slice(int(offsets[row]), int(offsets[row + 1]))

    def _numbers(self, name: str, span: slice) -> np.ndarray:
        return self._columns[name][span].astype(np.int32)

    def _texts(self, name: str, row: int) -> Texts:
        numbers = self._columns[f"{name}_text"][self._span(name, row)].astype(np.int64)
        starts = self._columns["text_offsets"][numbers].astype(np.int64)
        lengths = self._columns["text_offsets"][numbers + 1].astype(np.int64) - starts
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        words = self._columns["text_words"][np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])]
        # A record numbers its words in the order of their first occurrence.
        distinct, first, inverse = np.unique(words, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        return Texts(
            words=self._words.take(distinct[order].astype(np.int64)),
            word_index=rank[inverse],
            offsets=offsets.astype(np.int32),
            raw=RawTexts(self._columns, numbers, self._path),
        )
