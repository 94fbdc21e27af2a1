"""How one agent's tools and arguments are called: drawn anew for each conversation, so that no name is a sign of anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

STYLES = ("snake", "snake", "camel", "Pascal", "kebab", "Dotted.Pascal", "dotted.snake", "dotted.camel", "prefix_snake", "mcp", "prefix-kebab")  # fmt: skip
_VERBS = {
    "read": "read get open fetch show view load retrieve display".split(),
    "list": "list get show browse fetch display".split(),
    "find": "find search lookup query locate".split(),
    "send": "send send write dispatch compose".split(),
    "delete": "delete remove erase drop trash".split(),
    "create": "create add new make open register".split(),
    "update": "update edit set change modify patch".split(),
    "cancel": "cancel cancel stop withdraw".split(),
    "share": "share share grant".split(),
    "post": "post post publish write add".split(),
    "invite": "invite invite add".split(),
    "book": "book reserve schedule".split(),
    "transfer": "transfer send pay move".split(),
    "add": "add create append put attach".split(),
}
_ARGUMENTS = {
    "to": "to recipients recipient to address send_to".split(),
    "amount": "amount value sum total amount".split(),
    "text": "text body message content comment".split(),
    "subject": "subject title headline subject".split(),
    "email": "email user_email address mail email".split(),
    "query": "query q text term filter keywords search".split(),
    "date": "date day on date when".split(),
    "reason": "reason note why comment".split(),
    "path": "path file_path filename location path".split(),
    "url": "url link address href url".split(),
    "name": "name title label name".split(),
    "role": "role permission level access role".split(),
    "participants": "participants attendees guests invitees".split(),
}


@dataclass(slots=True)
class Names:
    """The names of the tools of one conversation."""

    rng: Random
    """Draws the names of tools, all of which are named at once."""
    seed: int
    styles: dict[str, str] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    arguments: dict[tuple[str, str], str] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def box(self, box: str, style: str, prefix: str) -> None:
        self.styles[box], self.prefixes[box] = style, prefix

    def tool(self, box: str, words: str) -> str:
        """Return the name of a tool that is `words` in plain English."""
        key = f"{box}/{words}"
        name = self.tools.get(key)
        if name is None:
            rng = self.rng
            name = self._draw(rng, box, words)
            while name in self.taken:
                name = self._draw(
                    rng, box, f"{words} {box.split('-')[0]}" if rng.random() < 0.5 else words
                ) + rng.choice(("", "2"))
            self.taken.add(name)
            self.tools[key] = name
        return name

    def argument(self, box: str, name: str, noun: str = "") -> str:
        key = (box, f"{noun}.{name}")
        found = self.arguments.get(key)
        if found is None:
            rng = Random(f"{self.seed}/{box}/{noun}.{name}")
            if name == "id":
                found = rng.choice(
                    (f"{noun.replace(' ', '_')}_id", f"{noun.replace(' ', '_')}_id", "id", noun.replace(" ", "_"))
                )
            elif rng.random() < 0.6 and name in _ARGUMENTS:
                found = rng.choice(_ARGUMENTS[name])
            else:
                found = name
            self.arguments[key] = found = self._case(box, found)
        return found

    def _case(self, box: str, name: str) -> str:
        style = self.styles[box]
        words = name.split("_")
        if "camel" in style:
            return words[0] + "".join(w.capitalize() for w in words[1:])
        if style == "Dotted.Pascal" and len(box) % 2:
            return "".join(w.capitalize() for w in words)
        return name

    def _draw(self, rng: Random, box: str, words: str) -> str:
        verb, *others = words.split()
        if verb in _VERBS and rng.random() < 0.5:
            verb = rng.choice(_VERBS[verb])
        parts = [verb, *others]
        style, prefix = self.styles[box], self.prefixes[box]
        pascal = "".join(p.capitalize() for p in parts)
        if style == "snake":
            return "_".join(parts)
        if style == "camel":
            return pascal[0].lower() + pascal[1:]
        if style == "Pascal":
            return pascal
        if style == "kebab":
            return "-".join(parts)
        if style == "Dotted.Pascal":
            return f"{prefix.capitalize()}.{pascal}"
        if style == "dotted.snake":
            return f"{prefix}.{'_'.join(parts)}"
        if style == "dotted.camel":
            return f"{prefix}.{pascal[0].lower() + pascal[1:]}"
        if style == "prefix_snake":
            return f"{prefix}_{'_'.join(parts)}"
        if style == "mcp":
            return f"mcp__{prefix}__{'_'.join(parts)}"
        return f"{prefix}-{'-'.join(parts)}"
