"""Make `gatling/assets/language_words.txt` of `gatling/assets/languages.txt`: the words that say that a text is not English.

    uv run python -m scripts.build_language_words

A text without any of them is English, and is read without the tables, which take a tenth of a second to load.
"""

from __future__ import annotations

from pathlib import Path

from gatling.request.language_tables import tables

OUTPUT = Path(__file__).resolve().parent.parent / "gatling" / "assets" / "language_words.txt"
_WIDTH = 130


def words() -> str:
    """Return the content of the file: the words in order, in lines."""
    lines = [""]
    for word in sorted(tables().by_word):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    OUTPUT.write_text(words(), "utf-8")
