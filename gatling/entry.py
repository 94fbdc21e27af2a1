"""What `gatling` on the command line calls first: one command answers without loading the others.

`gatling hook` runs before and after every call of an agent, so it may cost what Python itself costs and little more. Nothing that
this file or `gatling.hook.client` imports may load more than the interpreter has already.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command of `sys.argv`; return its exit status."""
    words = sys.argv[1:]
    if words[:1] == ["hook"] and not {"-h", "--help"} & set(words):
        from gatling.hook.client import main as hook

        return hook(words[1:])
    from gatling.cli import main as command

    return command()
