"""LaTeX as the text that it sets: sections as headings, items as bullets, each in its line."""

from __future__ import annotations

import re

_SECTION = re.compile(r"\s*\\(?:(sub)*)(?:section|chapter|paragraph)\*?\{([^{}]*)\}\s*")
_ITEM = re.compile(r"^(\s*)\\item(?:\[[^\]]*\])?\s*")
_ONLY = re.compile(
    r"\s*\\(?:begin|end|documentclass|usepackage|maketitle|tableofcontents|label|newpage|centering)\b(?:\[[^\]]*\])?(?:\{[^{}]*\})*\s*"
)
_SET = re.compile(r"\\(?:textbf|textit|emph|texttt|underline|textsc|title|author|date)\{([^{}]*)\}")


def is_latex(text: str) -> bool:
    return bool(re.search(r"^\s*\\(?:begin|section|documentclass|item)\b", text, re.MULTILINE))


def lines_of_latex(text: str) -> str:
    """Return a source as text with the same lines; what a comment says stays in it."""
    found = []
    for line in text.splitlines():
        if section := _SECTION.fullmatch(line):
            found.append(f"## {section.group(2)}")
        elif _ONLY.fullmatch(line):
            found.append("")
        else:
            plain = (
                _SET.sub(r"\1", _ITEM.sub(r"\1- ", line)).replace("\\_", "_").replace("\\&", "&").replace("\\%", "%")
            )
            found.append(re.sub(r"(?<!\\)%+\s*", "", plain).replace("~", " "))
    return "\n".join(found)
