"""Which argument of a tool a limit or a value is about, by the words for it and by its unit."""

from __future__ import annotations

from gatling.policy.language.amounts import Amount
from gatling.policy.language.deeds import root
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.matching import FILLERS, words_for
from gatling.schema.arguments import is_free_text_name
from gatling.tools.spec import Parameter


def _roots(text: str) -> frozenset[str]:
    return frozenset(map(root, text.split()))


MONEY = _roots(
    "amount total price value sum cost fee spend payment eur usd gbp chf euro dollar pound money budget volume"
)
MODIFIERS = FILLERS | _roots(
    "max maximum min minimum limit limits up most least at allowed only permitted per call each single cap ceiling above over below under than "
    "more less must exceed number no not amount run time once value values within range between allow in is size goods item thing kind type group groups party parties"
)
"""Words of a limit that say nothing of what is limited."""
_PLACES = _roots("path file folder directory key prefix resource bucket object url location document uri")


def parameter_named(tool: str, text: str, lexicon: Lexicon) -> Parameter | None:
    """Return the parameter of a known tool that a key means: each word of the key is in it, in the tool's name, or says nothing."""
    spec = lexicon.specs.get(tool)
    for p in spec.parameters if spec else ():
        if p.name.lower() == text.strip().lower():
            return p
    said = [w for w in words_for(text) if w not in MODIFIERS]
    own = set(words_for(tool))
    best: list[Parameter] = []
    most = 0
    for p in spec.parameters if spec else ():
        words = set(words_for(p.name))
        hits = [w for w in said if w in words or (w in MONEY and words & MONEY)]
        if hits and all(w in hits or w in own for w in said) and len(hits) >= most:
            best = [*best, p] if len(hits) == most else [p]
            most = len(hits)
    return best[0] if len(best) == 1 else None


def parameter_for(tool: str, amount: Amount, words: tuple[str, ...], lexicon: Lexicon) -> str:
    """Return the parameter of a tool that an amount bounds: by the unit or words beside it, or the one that is money.

    Where nothing is known of the tool, the plain name for it. Empty where it is not clear.
    """
    spec = lexicon.specs.get(tool)
    telling = [w for w in words if w not in MODIFIERS or w in MONEY]
    own = set(words_for(tool))
    if spec is None:
        plain = [w for w in telling if w not in own and w not in MONEY]
        return "amount" if amount.currency and not plain else ""
    numbers = [p for p in spec.parameters if p.type in ("number", "integer") and not is_free_text_name(p.name)]
    by_word = [p for p in numbers if set(words_for(p.name)) & set(telling)]
    if amount.currency and len(by_word) != 1:
        by_word = [p for p in numbers if set(words_for(p.name)) & MONEY]
    left = [w for w in telling if w not in own and w not in MONEY and not any(w in words_for(p.name) for p in by_word)]
    if len(by_word) == 1 and not left:
        return by_word[0].name
    if not by_word and not left and len(numbers) == 1 and not amount.is_size:
        return numbers[0].name if amount.currency == "" or set(words_for(numbers[0].name)) & MONEY else ""
    return ""


def place_of(tool: str, lexicon: Lexicon) -> str:
    """Return the parameter of a tool that says what it is done to: a path, a key, a resource."""
    spec = lexicon.specs.get(tool)
    if spec is None:
        return "path"
    found = [p.name for p in spec.parameters if set(words_for(p.name)) & _PLACES and p.type in ("string", "array")]
    return found[0] if len(found) == 1 else ""
