"""What a format of messages is, and what all of them read alike.

- A message of the model whose shape is not known is refused: a call that nobody sees is a call that nobody judges. Fields that
  models are known to write beside their text and calls pass, so does any other that can hold no call.
- Text of others may come in any shape: what is not known is text of somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, Protocol, cast

from gatling.adapters.plain import holds_unreadable
from gatling.errors import InputError
from gatling.provenance.events import Event, Foreign, ProposedCall, Said
from gatling.schema.plain import decode_json, join_path
from gatling.schema.words import split_words


class MessageFormat(Protocol):
    """One way to write the messages of a conversation. A new one is a file with a class, and a row of `FORMATS`."""

    @property
    def name(self) -> str:
        """What `format=` calls it."""

    @property
    def title(self) -> str:
        """What people call it."""

    def recognises(self, message: dict[str, Any]) -> bool:
        """Tell by its shape whether a message may be of this format; cheap, and never an error."""

    def read(self, message: dict[str, Any], path: str) -> Iterator[Event]:
        """Yield what a message holds, in order.

        Raises:
            InputError: with the path, for a message that is not of this format after all, or that may hold calls which
                cannot be read.
        """


TEXT = frozenset({"text", "input_text", "output_text"})
MEDIA = frozenset("image image_url input_image audio input_audio video file input_file container_upload blob".split())
THOUGHTS = frozenset("thinking redacted_thinking reasoning refusal compaction".split())
"""Blocks that only a model writes, and that hold no call."""
_MEDIA_KEYS = ("source", "data", "blob", "image_url", "file_data", "file_url")

HARMLESS = frozenset(
    # of every message
    "role content type id name status metadata object created created_at index model usage phase "
    # what the model said or thought, in other words
    "refusal audio images annotations citations reasoning reasoning_content reasoning_details reasoning_signature thinking "
    "thinking_blocks tool_plan parsed logprobs "
    # how and where it was made
    "finish_reason stop_reason stop_sequence stop_details end_turn prefix partial weight channel context container "
    "context_management diagnostics service_tier system_fingerprint provider provider_specific_fields cache_control "
    "content_filter_results content_filter_offsets prompt_filter_results token_ids response_metadata usage_metadata "
    # bookkeeping of results, which dumps of objects repeat in every message
    "tool_call_id tool_name".split()
)
"""Fields that APIs are known to put into a message of the model, and that hold no call which anybody runs: OpenAI, Azure,
Anthropic, Mistral, DeepSeek, Cohere, vLLM, LiteLLM, OpenRouter, Ollama."""
_OF_CALLS = frozenset(
    "tool tools function functions call calls action actions command commands invoke invocation invocations exec execute "
    "operation operations step steps task tasks request requests use uses".split()
)


def refuse_unknown(message: dict[str, Any], known: frozenset[str], path: str) -> None:
    """Refuse a message of the model with a field that is not known and may hold calls: by its name, or as it holds objects."""
    for key, value in message.items():
        if key in known or value is None or isinstance(value, (bool, int, float)) or not value:
            continue
        if _holds_an_object(value) or not _OF_CALLS.isdisjoint(split_words(key)):
            raise InputError(
                "an unknown field of a message of the model, which may hold calls; leave it out if it holds none",
                path=join_path(path, key),
            )


def _holds_an_object(value: Any) -> bool:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            return True
        if isinstance(item, list):
            stack.extend(item)
    return False


_ARGUMENTS = ("arguments", "input", "args", "parameters")
"""Where any format has the arguments of a call."""


def refuse_block(kind: str, path: str) -> NoReturn:
    """Refuse a part of a message of the model that is of no known kind."""
    if kind.endswith("_delta"):
        raise InputError("a piece of a stream: gather the whole message before it is judged", path=path)
    shown = f"of the kind {kind!r}" if kind else "without a kind"
    raise InputError(f"a block {shown} in a message of the model, which may be a call", path=path)


def call(
    data: dict[str, Any],
    path: str,
    call_id: str | None,
    *,
    keys: Sequence[str] = ("arguments",),
    is_free_text: bool = False,
) -> ProposedCall:
    """Read a name with arguments: an object, or JSON text of one.

    Args:
        keys: where the arguments may stand. Two that are both given are refused: who runs the call may read the other one.
        is_free_text: the arguments may be any text, which is then the one argument `input`.
    """
    if data.get("name") is None and isinstance(data.get("arguments"), str):
        raise InputError(
            "missing; is this a piece of a stream? Gather the whole message first", path=join_path(path, "name")
        )
    name = text_of(data, "name", path)
    if not name.strip():
        raise InputError("empty", path=join_path(path, "name"))
    given = [key for key in dict.fromkeys((*keys, *_ARGUMENTS)) if data.get(key) is not None]
    if len(given) > 1:
        raise InputError(f"both {given[0]} and {given[1]} hold arguments", path=path)
    if given and given[0] not in keys:
        raise InputError(f"arguments stand in {' or '.join(keys)} here, not in {given[0]}", path=path)
    if not given:
        return ProposedCall(name, {}, call_id, path)
    value = data[given[0]]
    if is_free_text and isinstance(value, str):
        return ProposedCall(name, {"input": value}, call_id, path)
    return ProposedCall(name, arguments_of(value, join_path(path, given[0])), call_id, path)


def arguments_of(given: Any, where: str) -> dict[str, Any]:
    """Return the arguments of a call as an object."""
    if isinstance(given, str):
        try:
            given = decode_json(given) if given.strip() else {}
        except InputError as error:
            inner = f"{where}: {error.path}" if error.path else where
            raise InputError(f"the arguments are refused: {error.reason}", path=inner) from None
    if not isinstance(given, dict):
        raise InputError(f"a {type(given).__name__}, wanted an object of arguments", path=where)
    if holds_unreadable(given):
        raise InputError("bytes or an object that cannot be read, wanted JSON data", path=where)
    return cast("dict[str, Any]", given)


def blocks(content: Any, path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the blocks of a message's content with their paths; plain text is a block, too."""
    if content is None:
        return
    if isinstance(content, str):
        yield {"type": "text", "text": content}, path
        return
    if not isinstance(content, list):
        raise InputError(f"a {type(content).__name__}, wanted text or a list of blocks", path=path)
    for i, block in enumerate(content):
        where = join_path(path, i)
        if isinstance(block, str):
            block = {"type": "text", "text": block}
        if not isinstance(block, dict):
            raise InputError(f"a {type(block).__name__}, wanted a block", path=where)
        yield block, where


def said(block: dict[str, Any], path: str, *, is_user: bool) -> Iterator[Event]:
    """Read a block of a request or a system prompt; what is neither text nor media is text of somebody else."""
    if kind_of(block) in TEXT:
        yield Said(text_of(block, "text", path), is_user)
    elif kind_of(block) not in MEDIA:
        yield Foreign(without_media(block))


def refuse_calls(message: dict[str, Any], path: str) -> None:
    """Refuse calls in a message that is not the model's."""
    for key in ("tool_calls", "function_call"):
        if message.get(key):
            raise InputError("only a message of the role assistant proposes calls", path=join_path(path, key))


def result_parts(content: Any, path: str) -> tuple[list[Any], bool]:
    """Return the texts and data of a result, and whether there is anything that cannot be read."""
    if content is None:
        return [], False
    if not isinstance(content, list) or not all(
        isinstance(b, dict) and isinstance(b.get("type"), str) for b in content
    ):
        return [content], holds_unreadable(content)
    parts: list[Any] = []
    has_media = False
    for i, block in enumerate(content):
        if block["type"] in TEXT:
            parts.append(text_of(block, "text", join_path(path, i)))
        else:
            has_media |= holds_media(block)
            parts.append(without_media(block))
    return parts, has_media


def holds_media(data: Any) -> bool:
    """Tell whether there are encoded bytes or a link to a picture anywhere."""
    stack = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if kind_of(item) in MEDIA or "blob" in item or kind_of(item) == "base64":
                return True
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return False


def without_media(block: dict[str, Any]) -> dict[str, Any]:
    """Leave out encoded bytes: they are no text, and would be indexed as words."""
    if kind_of(block) in MEDIA:
        return {k: v for k, v in block.items() if k not in _MEDIA_KEYS}
    source = block.get("source")
    if isinstance(source, dict) and source.get("type") == "base64":
        return {**block, "source": {k: v for k, v in source.items() if k != "data"}}
    resource = block.get("resource")
    if isinstance(resource, dict) and "blob" in resource:
        return {**block, "resource": {k: v for k, v in resource.items() if k != "blob"}}
    return block


def kind_of(data: dict[str, Any]) -> str:
    """Return the `type` of a block, empty if it states none."""
    kind = data.get("type")
    return kind if isinstance(kind, str) else ""


def object_of(data: dict[str, Any], key: str, path: str) -> dict[str, Any]:
    """Return the object under a key. Raises: InputError if there is none."""
    value = data.get(key)
    if not isinstance(value, dict):
        raise InputError(
            "missing" if value is None else f"a {type(value).__name__}, wanted an object", path=join_path(path, key)
        )
    return cast("dict[str, Any]", value)


def list_of(data: dict[str, Any], key: str, path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the objects of the list under a key with their paths; none if it is absent."""
    value, where = data.get(key), join_path(path, key)
    if value is not None and not isinstance(value, list):
        raise InputError(f"a {type(value).__name__}, wanted a list", path=where)
    for i, item in enumerate(value or ()):
        if not isinstance(item, dict):
            raise InputError(f"a {type(item).__name__}, wanted an object", path=join_path(where, i))
        yield item, join_path(where, i)


def text_of(data: dict[str, Any], key: str, path: str) -> str:
    """Return the text under a key. Raises: InputError if there is none."""
    value = data.get(key)
    if not isinstance(value, str):
        raise InputError(
            "missing" if value is None else f"a {type(value).__name__}, wanted text", path=join_path(path, key)
        )
    return value


def id_of(data: dict[str, Any], key: str, path: str) -> str | None:
    """Return the id under a key; an empty one is none, as servers that number nothing write it."""
    value = data.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InputError(f"a {type(value).__name__}, wanted an id", path=join_path(path, key))
    return str(value)
