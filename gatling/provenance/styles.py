"""What the styles of a page hide from who looks at it: told by attributes, by names of classes, and by the page's own style sheets.

A rule of a sheet hides what its last compound fits (`.x`, `p.x`, `#x`), whatever stands before that and whatever another rule says:
of two rules a page's writer decides by means that are not followed here. Only a style on the element itself shows it again. Rules
for print, for small screens and for states (`:hover`) hide nothing. What is too much to be read counts as hiding more, not less.
"""

from __future__ import annotations

import colorsys
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

Colour = tuple[int, int, int]
Style = dict[str, str]

WHITE: Colour = (255, 255, 255)
MAX_CLASSES = 32
_MAX_PER_NAME = 16
"""Compounds with one name; of further ones nothing but this name is asked."""
_ALIKE = 24
"""Colours that differ by less in every channel are hard to tell apart."""
_FAR = -900
"""Pixels beyond an edge."""

_NAMED: dict[str, Colour] = {
    "white": WHITE, "snow": (255, 250, 250), "ivory": (255, 255, 240), "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240), "whitesmoke": (245, 245, 245), "black": (0, 0, 0), "red": (255, 0, 0),
    "green": (0, 128, 0), "blue": (0, 0, 255), "gray": (128, 128, 128), "grey": (128, 128, 128), "yellow": (255, 255, 0),
    "navy": (0, 0, 128), "orange": (255, 165, 0), "purple": (128, 0, 128),
}  # fmt: skip
_HIDING_CLASSES = frozenset(
    "sr-only sronly visually-hidden visuallyhidden screen-reader-text screen-reader-only screenreader-only hidden d-none "
    "is-hidden u-hidden hide invisible offscreen off-screen a11y-hidden display-none opacity-0 u-visually-hidden hidden-text "
    "element-invisible".split()
)
_SHOWN_AGAIN = re.compile(
    r"d-(?:sm|md|lg|xl|xxl)-(?!none)\w+|(?:sm|md|lg|xl|2xl):(?!hidden\b|invisible\b|opacity-0\b)[\w-]+"
)
"""Classes of frameworks by which what is hidden on a telephone is seen on a screen."""
_LENGTH = re.compile(r"\s*(-?\d*\.?\d+)\s*(px|pt|em|rem|%|vw|vh|ex|ch|cm|mm|in)?", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d*\.?\d+%?")
_PIXELS = {"": 1.0, "px": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0, "%": 0.16, "ex": 8.0, "ch": 8.0, "vw": 13.0, "vh": 8.0,
           "cm": 38.0, "mm": 3.8, "in": 96.0}  # fmt: skip
_MIN_FONT_PIXELS = 3.0
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_COMPOUND = re.compile(r"(?P<tag>[a-z][\w-]*|\*)?(?P<rest>(?:[.#][\w-]+)*)", re.IGNORECASE)
_NAME = re.compile(r"[.#][\w-]+")
_STATE = re.compile(
    r":(?:hover|focus|active|checked|target|visited|disabled|empty|placeholder|before|after|:)", re.IGNORECASE
)
_BY_ATTRIBUTE = re.compile(r"\[\s{0,8}(class|id)\s{0,8}[~|^$*]?=\s{0,8}[\"']?([\w-]+)[^\]]{0,100}\]", re.IGNORECASE)
_CONDITION = re.compile(r"\[[^\]]{0,200}\]|:[\w-]+(?:\([^)]{0,200}\))?")
_NOT_ON_SCREENS = re.compile(r"print|max-(?:device-)?width|speech|prefers|orientation", re.IGNORECASE)


def style_of(text: str) -> Style:
    """Return the properties that a style sets, in lower case, the last of each."""
    found: Style = {}
    for declaration in text.lower().split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            found[name.strip()] = " ".join(value.split())
    return found


def hides(style: Mapping[str, str], background: Colour | None = WHITE) -> bool:
    """Tell whether a style makes what it is of invisible.

    Args:
        background: the colour behind it; None if it is not known.
    """
    value = {name: text.replace("!important", "").strip() for name, text in style.items()}
    if value.get("display") == "none" or value.get("visibility") in ("hidden", "collapse"):
        return True
    if value.get("content-visibility") == "hidden":
        return True
    opacity = _NUMBER.match(value.get("opacity", ""))
    if opacity and _number(opacity.group(), 1.0) <= 0.05:
        return True
    if re.search(r"opacity\(\s*0*\.?0*%?\s*\)|alpha\(opacity=0\)", value.get("filter", "")):
        return True
    if (size := _pixels(value.get("font-size"))) is not None and size < _MIN_FONT_PIXELS:
        return True
    if (font := re.match(r"(?:[a-z-]+\s+)*?(\d*\.?\d+(?:px|pt|em|rem|%))", value.get("font", ""))) is not None:
        size = _pixels(font.group(1))
        if size is not None and size < _MIN_FONT_PIXELS:
            return True
    return _is_out_of_sight(value) or _is_unreadable(value, background)


def _is_out_of_sight(value: Mapping[str, str]) -> bool:
    moved = [
        _pixels(value.get(name))
        for name in ("text-indent", "margin-left", "margin-top", "margin-right", "margin-bottom")
    ]
    if value.get("position") in ("absolute", "fixed", "relative"):
        moved += [_pixels(value.get(name)) for name in ("left", "top", "right", "bottom", "inset")]
    if any(length is not None and length <= _FAR for length in moved):
        return True
    transform = value.get("transform", "")
    if re.search(
        r"scale[xy]?\(\s*0*\.?0*\s*[,)]|translate[xy]?\([^)]{0,40}-\s*(?:\d{3,}px|\d{3,}(?:vw|vh|%))", transform
    ):
        return True
    if re.search(r"inset\(\s*(?:50|100)%|circle\(\s*0", value.get("clip-path", "")):
        return True
    if re.match(r"rect\(\s*(?:0|1px)", value.get("clip", "")) and value.get("position") in ("absolute", "fixed"):
        return True
    sizes = [_pixels(value.get(name)) for name in ("width", "height", "max-height", "max-width")]
    is_cut = value.get("overflow", value.get("overflow-x", value.get("overflow-y", ""))).startswith(("hidden", "clip"))
    return is_cut and any(size is not None and size <= 1 for size in sizes)


def _is_unreadable(value: Mapping[str, str], background: Colour | None) -> bool:
    for name in ("color", "-webkit-text-fill-color"):
        written = value.get(name)
        if not written:
            continue
        if is_transparent(written):
            return True
        ink, paper = colour_of(written), background_of(value, background)
        if ink is not None and paper is not None and all(abs(a - b) < _ALIKE for a, b in zip(ink, paper, strict=True)):
            return True
    return False


def background_of(style: Mapping[str, str], around: Colour | None) -> Colour | None:
    """Return the colour behind what a style is of; None where it is a picture, or is not understood.

    Args:
        around: the colour behind what it stands in.
    """
    written = style.get("background-color") or style.get("background") or style.get("background-image")
    if written is None:
        return around
    written = written.replace("!important", "").strip()
    if is_transparent(written) or written in ("none", "inherit", "initial", "unset", ""):
        return around
    if "url(" in written or "gradient" in written:
        return None
    return colour_of(written) or colour_of(written.split()[0])


def is_transparent(written: str) -> bool:
    if written == "transparent":
        return True
    if written.startswith("#") and len(written) in (5, 9):
        return written[-1 if len(written) == 5 else -2 :].strip("0") == ""
    numbers = _NUMBER.findall(written) if written.startswith(("rgb", "hsl")) else []
    return len(numbers) == 4 and _number(numbers[3], 1.0) <= 0.05


def colour_of(written: str) -> Colour | None:
    """Return a colour as it is written in a style; None if it is not understood."""
    written = written.strip().lower()
    if written in _NAMED:
        return _NAMED[written]
    if re.fullmatch(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", written):
        digits = written[1:] if len(written) > 5 else "".join(c + c for c in written[1:])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    numbers = _NUMBER.findall(written[:100])
    if written.startswith("rgb") and len(numbers) >= 3:
        red, green, blue = (round(min(255.0, max(0.0, _number(n, 255.0)))) for n in numbers[:3])
        return red, green, blue
    if written.startswith("hsl") and len(numbers) >= 3:
        hue, saturation, light = _number(numbers[0], 1.0) / 360, _number(numbers[1], 1.0), _number(numbers[2], 1.0)
        if 0 <= saturation <= 1 and 0 <= light <= 1:
            red, green, blue = (round(255 * c) for c in colorsys.hls_to_rgb(hue % 1, light, saturation))
            return red, green, blue
    return None


def _number(written: str, whole: float) -> float:
    return float(written[:-1]) / 100 * whole if written.endswith("%") else float(written)


def _pixels(written: str | None) -> float | None:
    match = _LENGTH.match(written) if written else None
    return float(match.group(1)) * _PIXELS[(match.group(2) or "").lower()] if match else None


def hides_by_class(classes: Iterable[str]) -> bool:
    """Tell whether names of classes say that what has them is not seen."""
    names = list(classes)
    return not _HIDING_CLASSES.isdisjoint(names) and not any(map(_SHOWN_AGAIN.fullmatch, names))


class Sheet:
    """The style sheets of a page: which style each rule gives to what."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._rules: dict[str, list[tuple[frozenset[str], Style]]] = defaultdict(list)
        for text in texts:
            self._read(_COMMENT.sub(" ", text))

    def __bool__(self) -> bool:
        return bool(self._rules)

    def styles(self, tag: str, classes: Iterable[str], element_id: str) -> list[Style]:
        """Return the styles of an element by rule."""
        if not self._rules:
            return []
        own = {tag.lower(), *(f".{name}" for name in classes), *([f"#{element_id}"] if element_id else [])}
        return [style for name in sorted(own) for needed, style in self._rules.get(name, ()) if needed <= own]

    def _read(self, text: str) -> None:
        depth_off = 0  # in how many blocks that are for no screen
        stack: list[bool] = []
        at = 0
        for match in re.finditer(r"[{}]", text):
            before, at = text[at : match.start()], match.end()
            if match.group() == "{":
                is_block = before.strip().startswith("@")
                if is_block:
                    is_off = bool(_NOT_ON_SCREENS.search(before)) or "keyframes" in before
                    stack.append(is_off)
                    depth_off += is_off
                else:
                    stack.append(False)
                    self._selectors = "" if depth_off else before.rsplit(";", 1)[-1].strip()
            else:
                if self._selectors and before.strip():
                    self._add(self._selectors, style_of(before))
                self._selectors = ""
                if stack:
                    depth_off -= stack.pop()

    _selectors = ""

    def _add(self, selectors: str, style: Style) -> None:
        for selector in selectors.split(","):
            if _STATE.search(selector):
                continue
            selector = _BY_ATTRIBUTE.sub(lambda m: ("#" if m.group(1).lower() == "id" else ".") + m.group(2), selector)
            parts = re.split(r"[\s>+~]+", _CONDITION.sub("", selector).strip())
            match = _COMPOUND.fullmatch(parts[-1])
            if match is None:
                continue
            names = _NAME.findall(match.group("rest"))
            tag = (match.group("tag") or "").lower()
            if not names and tag in ("", "*"):
                continue
            needed = frozenset([*names, *([tag] if tag and tag != "*" else [])])
            key = names[0] if names else tag
            found = self._rules[key]
            if len(found) >= _MAX_PER_NAME:
                needed = frozenset([key])
                if hides(style) and len(found) < 2 * _MAX_PER_NAME:
                    found.append((needed, style))
            else:
                found.append((needed, style))
