"""How a conversation looks. Everybody tells the colours of origins apart (Okabe and Ito's), and each has a sign and a word."""

from __future__ import annotations

MAX_PASSAGES = 8
"""Of a call; each has a rule, by which a value and the passage it stands in light up together."""

_LIGHT = """\
  --line: #d5d9de; --soft: #f6f7f9; --card: #fff; --dim: #5b6470;
  --allow: #1d7044; --escalate: #8a5a00; --deny: #b3261e;
  --request: #0a5a94; --first_party: #00664a; --attested: #7b3a70; --outsiders: #a83f00; --nobody: #565d66; --none: #565d66;"""
_DARK = """\
  --line: #3b424b; --soft: #1b1f24; --card: #15181c; --dim: #9ba5b1;
  --allow: #6fd08c; --escalate: #ffc857; --deny: #ff8f85;
  --request: #74bdf2; --first_party: #4fd3a6; --attested: #e0a3d3; --outsiders: #ff9d5c; --nobody: #aeb7c2; --none: #aeb7c2;"""
_KINDS = ("request", "first_party", "attested", "outsiders", "nobody", "none")

STYLE = (
    f":root {{\n{_LIGHT}\n}}\n@media (prefers-color-scheme: dark) {{ :root {{\n{_DARK}\n}} }}\n"
    + """\
body { background: Canvas; color: CanvasText; }
a { color: inherit; } code, .v, .tool, .clause code { font-family: ui-monospace, monospace; }
small, .dim { color: var(--dim); } .cut { color: var(--dim); font-style: italic; }
h2 { overflow-wrap: anywhere; }
.counts { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: .5rem 0; }
.legend summary { cursor: pointer; } .legend summary .kind { margin-left: .8rem; }
.legend dl { display: grid; grid-template-columns: max-content auto; gap: .1rem .8rem; margin: .4rem 0 .4rem 1rem; }
dd { margin: 0; }
label { cursor: pointer; margin-right: 1.2rem; }
.request { white-space: pre-wrap; overflow-wrap: anywhere; }
.timeline { border-left: 3px solid var(--line); margin: 1rem 0; padding-left: 1rem; }
.timeline > * { content-visibility: auto; contain-intrinsic-size: auto 6rem; margin: 0 0 .9rem; }
.said { background: var(--soft); border-radius: 8px; padding: .4rem .8rem; }
.said > div { white-space: pre-wrap; overflow-wrap: anywhere; overflow: clip; }
.who { font-weight: 600; font-size: .8rem; color: var(--dim); }
.call { background: var(--card); border: 1px solid var(--line); border-left: 6px solid; }
.call { border-radius: 8px; padding: .6rem .8rem; }
.call.allow { border-left-color: var(--allow); } .call.escalate { border-left-color: var(--escalate); }
.call.deny { border-left-color: var(--deny); }
.call + .call { margin-top: .8rem; } .call p { margin: .4rem 0; }
.call > header { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; }
.tool { font-weight: 600; font-size: 1.05rem; overflow-wrap: anywhere; }
.verdict { font-weight: 700; }
.verdict.allow { color: var(--allow); } .verdict.escalate { color: var(--escalate); } .verdict.deny { color: var(--deny); }
.why { margin: .5rem 0; padding-left: 1.2rem; } .why li { overflow-wrap: anywhere; margin-bottom: .3rem; }
.why b { text-transform: lowercase; }
.clause { border-left: 3px solid var(--line); padding-left: .6rem; margin-top: .15rem; }
.clause pre { margin: .1rem 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; }
.clause pre { max-height: 12rem; overflow: auto; }
.values { display: grid; grid-template-columns: minmax(4rem, max-content) minmax(0, 3fr) minmax(9rem, 2fr); gap: .25rem .8rem; }
.values { margin: .5rem 0; align-items: baseline; }
.values > .name { color: var(--dim); overflow-wrap: anywhere; max-width: 14rem; }
.v { border: 1px solid; border-left-width: 4px; border-radius: 4px; padding: 0 .4rem; font-size: .88rem; }
.v, .passages li { white-space: pre-wrap; overflow-wrap: anywhere; overflow: clip; max-height: 24rem; overflow-y: auto; }
.from { font-size: .85rem; overflow-wrap: anywhere; }
.kind { font-weight: 600; white-space: nowrap; }
.looks { color: var(--deny); font-weight: 600; }
.passages { font-size: .9rem; margin-top: .6rem; }
.passages ol, .output ul { margin: .2rem 0; padding-left: 0; list-style: none; }
.passages li, .output li { border-left: 4px solid; padding: .1rem .6rem; margin: .25rem 0; background: var(--soft); }
.passages li > bdi, .output li > bdi { color: CanvasText; }
.output { font-size: .9rem; } .output summary { cursor: pointer; color: var(--dim); }
.output li { white-space: pre-wrap; overflow-wrap: anywhere; overflow: clip; }
.hidden { border: 1px dashed; border-radius: 3px; padding: 0 .3rem; font-weight: 600; color: var(--deny); }
.fault { border: 2px solid var(--deny); border-radius: 8px; padding: .6rem .8rem; overflow-wrap: anywhere; }
:target { outline: 3px solid var(--escalate); outline-offset: 2px; scroll-margin-top: 2rem; }
form.word { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin-top: .7rem; padding-top: .6rem; }
form.word { border-top: 1px solid var(--line); }
form.word input, button { font: inherit; padding: .3rem .7rem; border-radius: 6px; border: 1px solid var(--dim); }
button { cursor: pointer; font-weight: 600; background: var(--card); }
button.approve { color: var(--allow); border-color: currentColor; }
button.refuse { color: var(--deny); border-color: currentColor; }
.foot { font-size: .8rem; color: var(--dim); margin-top: .4rem; overflow-wrap: anywhere; }
#held:checked ~ section :is(.call.allow, .output) { display: none; }
table.sessions td, table.sessions th { text-align: left; padding: .3rem .8rem .3rem 0; }
table.sessions td { border-top: 1px solid var(--line); }
@media (max-width: 40rem) {
  body { margin: 1rem auto; padding: 0 .6rem; } .timeline { padding-left: .5rem; }
  .values { grid-template-columns: minmax(0, 1fr); gap: .1rem; } .values > .from { margin-bottom: .5rem; }
}
@media print { .timeline > * { content-visibility: visible; } body > input, body > label { display: none; } }
"""
    + "".join(f".{kind} {{ --kind: var(--{kind}); }}\n" for kind in _KINDS)
    + ".v, .passages li, .output li { border-color: var(--kind); } .kind { color: var(--kind); }\n"
    + ".v.nobody, .v.none { border-style: dashed; } .v.outsiders { border-width: 2px 2px 2px 6px; }\n"
    + "".join(
        f".call:has(.k{i}:is(:hover, :focus)) .k{i} {{ outline: 2px solid var(--kind); background: var(--soft); }}\n"
        for i in range(MAX_PASSAGES)
    )
)
