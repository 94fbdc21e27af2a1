from __future__ import annotations

import pytest

from gatling.errors import InputError
from gatling.policy import Effect, Kind, PolicyTree
from gatling.policy.tree import effect_of_key


def test_depth_first_with_sorted_keys() -> None:
    tree = PolicyTree.from_data({"b": [1, {"c": None}], "a": True})
    assert tree.key == ["", "a", "b", "", "", "c"]
    assert tree.parent == [-1, 0, 0, 2, 2, 4]
    assert tree.end == [6, 2, 6, 4, 6, 6]
    assert tree.kind == [Kind.OBJECT, Kind.BOOLEAN, Kind.ARRAY, Kind.NUMBER, Kind.OBJECT, Kind.NULL]
    assert tree == PolicyTree.from_data({"a": True, "b": [1, {"c": None}]})


@pytest.mark.parametrize(
    ("key", "effect"),
    [
        ("allowed_operations", Effect.ALLOW),
        ("permittedTools", Effect.ALLOW),
        ("forbidden_operations", Effect.DENY),
        ("deny", Effect.DENY),
        ("not_allowed", Effect.DENY),
        ("not_prohibited", Effect.ALLOW),
        ("never_allowed", Effect.DENY),
        ("time_blocks", Effect.NONE),
        ("rules", Effect.NONE),
        ("callowed", Effect.NONE),
    ],
)
def test_effect_of_a_key(key: str, effect: Effect) -> None:
    assert effect_of_key(key) is effect


def test_effects_are_inherited_and_the_nearest_wins() -> None:
    tree = PolicyTree.from_data({"allowed": {"read": ["x"], "denied": ["y"]}})
    by_value = dict(zip(tree.value, tree.effect, strict=True))
    assert by_value["x"] is Effect.ALLOW
    assert by_value["y"] is Effect.DENY
    statement = PolicyTree.from_data({"statements": [{"Effect": "Deny", "Action": ["s3:*"]}]})
    assert dict(zip(statement.value, statement.effect, strict=True))["s3:*"] is Effect.DENY


def test_too_large_is_refused_not_cut() -> None:
    with pytest.raises(InputError, match="more than 10 nodes"):
        PolicyTree.from_data(list(range(20)), max_nodes=10)
