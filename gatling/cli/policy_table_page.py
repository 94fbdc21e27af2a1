"""The page of `gatling policy table`: one file of HTML that needs no other, no script and no network."""

from __future__ import annotations

from gatling.page import document, text
from gatling.policy.access import Access, AccessTable

SIGNS = {"yes": "yes", "if": "if", "no": "no", "none": "-", "open": "?"}
_MEANINGS = {
    "yes": "granted, and nothing more is wanted",
    "if": "granted as far as all of these hold",
    "no": "forbidden by a rule, whatever the call",
    "none": "granted by no rule, so it is denied",
    "open": "left open: somebody must decide it",
}
_STYLE = """\
:root { --line: #8884; --yes: #2a7f3f; --if: #1f6f8b; --no: #b3261e; --open: #8a6100; }
@media (prefers-color-scheme: dark) { :root { --yes: #6fd08c; --if: #7cc7e0; --no: #ff8a80; --open: #ffcf66; } }
body { margin: 2rem; padding: 0; max-width: 110rem; }
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
thead th { position: sticky; top: 0; background: Canvas; }
tbody th { font: 13px/1.5 ui-monospace, monospace; white-space: nowrap; }
.yes, .if, .no, .open { font-weight: 600; }
.yes { color: var(--yes); } .if { color: var(--if); } .no { color: var(--no); } .open { color: var(--open); }
.none { opacity: .5; }
ul { margin: .2rem 0 0; padding-left: 1.1rem; }
small { display: block; opacity: .65; margin-top: .2rem; }
dl { display: grid; grid-template-columns: max-content auto; gap: .1rem .8rem; }
dd { margin: 0; }
"""


def access_page(file: str, table: AccessTable) -> str:
    """Return the page of a policy's table. All that comes from the policy is escaped."""
    title = f"Who may do what: {file}"
    head = "".join(f'<th scope="col">{text(role)}</th>' for role in table.roles)
    rows = []
    for tool in table.tools:
        name = "every other tool" if tool == "*" else tool
        cells = "".join(_cell(table.cells[tool, role]) for role in table.roles)
        rows.append(f'<tr><th scope="row">{text(name)}</th>{cells}</tr>')
    every = "".join(f"<li>{text(line)}</li>" for line in table.general)
    general = f"<h2>Every call</h2>\n<ul>{every}</ul>\n" if every else ""
    legend = "".join(f'<dt class="{key}">{SIGNS[key]}</dt><dd>{meaning}</dd>' for key, meaning in _MEANINGS.items())
    body = (
        f'<h1>{text(title)}</h1>\n<div class="wide"><table>\n<thead><tr><th scope="col">tool</th>{head}</tr></thead>\n<tbody>\n'
        + "\n".join(rows)
        + f"\n</tbody>\n</table></div>\n{general}<h2>Signs</h2>\n<dl>{legend}</dl>"
    )
    return "".join(document(title, [body], style=_STYLE))


def _cell(cell: Access) -> str:
    said = f'<span class="{cell.answer}">{SIGNS[cell.answer]}</span>'
    if cell.conditions:
        said += "<ul>" + "".join(f"<li>{text(condition)}</li>" for condition in cell.conditions) + "</ul>"
    if cell.places:
        said += f"<small>{text(', '.join(cell.places))}</small>"
    return f"<td>{said}</td>"
