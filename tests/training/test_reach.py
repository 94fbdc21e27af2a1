"""How far each setting reaches is said beside it, and nowhere else."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, get_args, get_type_hints

from gatling.training.config import MAY_CHANGE, NOT_PUBLISHED, OF_A_PROCESS, Reach, TrainingConfig, names_of

FIELDS = [f.name for f in dataclasses.fields(TrainingConfig)]


def test_every_setting_reaches_one_way() -> None:
    reaches = [names_of(reach) for reach in Reach]
    assert sorted(name for names in reaches for name in names) == sorted(FIELDS)
    assert all(reaches)


def _is_of_paths(hint: Any) -> bool:
    return hint is Path or any(_is_of_paths(part) for part in get_args(hint))


def test_no_path_is_published_or_shared() -> None:
    hints = get_type_hints(TrainingConfig)
    paths = {name for name in FIELDS if _is_of_paths(hints[name])}
    assert {"dataset", "val_dataset", "resume"} <= paths
    assert names_of(Reach.PLACE) == paths
    assert paths < NOT_PUBLISHED
    assert paths < OF_A_PROCESS < MAY_CHANGE
    assert "organization" in NOT_PUBLISHED
    assert {"seed", "batch_size", "mutations", "precision"} <= names_of(Reach.RESULT)
    assert not names_of(Reach.RESULT) & MAY_CHANGE
