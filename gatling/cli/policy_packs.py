"""`gatling policy packs`: which policies are ready to copy, and copies of them."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape
from rich.table import Table

from gatling.cli.console import print_line, wide
from gatling.cli.documents import print_json
from gatling.errors import InputError
from gatling.policy.packs import pack, packs
from gatling.schema.files import atomic_write


def list_packs(*, as_json: bool) -> int:
    """Print all packs; return the exit status."""
    found = packs()
    if as_json:
        print_json([{"name": one.name, "summary": one.summary} for one in found])
        return 0
    table = Table()
    table.add_column("pack", no_wrap=True)
    table.add_column("what it allows", overflow="fold")
    for one in found:
        table.add_row(one.name, escape(one.summary))
    wide().print(table)
    print_line("copy one with: gatling policy packs NAME --output DIR")
    return 0


def copy_pack(name: str, folder: Path, *, as_json: bool) -> int:
    """Copy a pack and its tests to a folder; return the exit status. Raises: InputError if one of the files is there already."""
    one = pack(name)
    targets = {source: folder / source.name for source in (one.policy, one.tests)}
    for target in targets.values():
        if target.exists():
            raise InputError("is there already, and is not replaced", file=str(target))
    folder.mkdir(parents=True, exist_ok=True)
    for source, target in targets.items():
        with atomic_write(target) as stream:
            stream.write(source.read_bytes())
    policy, tests = (str(target) for target in targets.values())
    if as_json:
        print_json({"name": name, "policy": policy, "tests": tests})
    else:
        print(f"{policy}\n{tests}\ntry it with: gatling policy test {policy} --traces {tests} --check-labels")
    return 0
