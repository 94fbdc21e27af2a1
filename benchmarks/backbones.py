"""How long each backbone that is installed takes for an item that it has not read before: a word, or a text of 15 words.

    uv run python -m benchmarks.backbones

Prints the median of 5 calls of 100 items each.
"""

from __future__ import annotations

import time
from itertools import product
from statistics import median

from gatling.errors import MissingExtraError
from gatling.features import BACKBONES
from gatling.features.backbone import make_backbone

CALLS, ITEMS = 5, 100
SYLLABLES = ("ka", "ter", "son", "dal", "lo", "mi", "ver", "po")
WORDS = ["".join(parts) for parts in product(SYLLABLES, repeat=3)]
TEXTS = [
    f"Pay invoice {number} of the office before the end of the month and tell Ann" for number in range(CALLS * ITEMS)
]


def main() -> None:
    for name in BACKBONES:
        try:
            backbone = make_backbone(name)
        except MissingExtraError as error:
            print(f"{name}: {error}")
            continue
        items = WORDS if backbone.reads == "words" else TEXTS
        backbone(["warm"])
        seconds = []
        for call in range(CALLS):
            part = items[call * ITEMS : (call + 1) * ITEMS]
            start = time.perf_counter()
            backbone(part)
            seconds.append(time.perf_counter() - start)
        print(f"{name}: {median(seconds) / ITEMS * 1e6:,.0f} microseconds for each of the {backbone.reads}")


if __name__ == "__main__":
    main()
