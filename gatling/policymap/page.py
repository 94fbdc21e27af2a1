"""The picture of a policy map: one file of HTML with a drawing, that needs no other file, no script and no network.

Places are the first two principal components of the latents, on one scale; the share of the variance that they show is said, as
two dimensions of 1,024 can hide that two policies are far apart. A line joins each policy with its nearest, if that is near.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from gatling.policymap.neighbours import NEAR, Neighbour, PolicyMap

_WIDTH, _SIDE, _EDGE = 900, 560, 50
_LABEL_WIDTH, _LABEL_HEIGHT = 220, 19
_STYLE = """\
:root { color-scheme: light dark; --dot: #1f5f8b; --line: #8886; }
@media (prefers-color-scheme: dark) { :root { --dot: #7cc7e0; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; max-width: 75rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; }
svg { width: 100%; height: auto; border: 1px solid var(--line); }
circle { fill: var(--dot); stroke: Canvas; stroke-width: 2; }
line { stroke: var(--line); stroke-width: 2; }
text { font: 14px system-ui, sans-serif; fill: CanvasText; paint-order: stroke; stroke: Canvas; stroke-width: 4px; }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
"""


def places(latents: np.ndarray) -> tuple[np.ndarray, float]:
    """Return where the policies are drawn, `(P, 2)` in [0, 1] on one scale, and the share of the variance that this shows."""
    centred = latents - latents.mean(0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    shown = (u * s)[:, :2]
    if shown.shape[1] < 2:
        shown = np.pad(shown, ((0, 0), (0, 2 - shown.shape[1])))
    span = float(np.ptp(shown, axis=0).max())
    total = float((s**2).sum())
    return (shown - shown.min(0)) / (span or 1.0), float((s[:2] ** 2).sum()) / total if total else 1.0


def label_heights(x: np.ndarray, y: np.ndarray) -> list[float]:
    """Return where the names stand, from the top: beside their dots, and further down where another name is in the way."""
    heights = [0.0] * len(y)
    placed: list[int] = []
    for i in np.argsort(y, kind="stable").tolist():
        heights[i] = float(y[i])
        for j in sorted(placed, key=lambda j: heights[j]):
            if abs(x[i] - x[j]) < _LABEL_WIDTH and abs(heights[i] - heights[j]) < _LABEL_HEIGHT:
                heights[i] = heights[j] + _LABEL_HEIGHT
        placed.append(i)
    return heights


def map_page(found: PolicyMap, neighbours: Sequence[Sequence[Neighbour]]) -> str:
    """Return the page. All that comes from files is escaped."""
    where, share = places(found.latents)
    x, y = _EDGE + where[:, 0] * _SIDE, _EDGE + where[:, 1] * _SIDE
    heights = label_heights(x, y)
    lines = [
        f'<line x1="{x[i]:.1f}" y1="{y[i]:.1f}" x2="{x[j]:.1f}" y2="{y[j]:.1f}"/>'
        for i in range(len(found.policies))
        for j in found.nearest(i, 1)
        if found.similarity[i, j] >= NEAR
    ]
    dots = [
        f'<circle cx="{x[i]:.1f}" cy="{y[i]:.1f}" r="7"/>'
        f'<text x="{x[i] + 12:.1f}" y="{heights[i] + 5:.1f}">{escape(policy.name)}</text>'
        for i, policy in enumerate(found.policies)
    ]
    rows = [
        f"<tr><th scope=row>{escape(policy.name)}</th><td>{escape(near.name)}</td><td>{near.similarity:.2f}</td>"
        f"<td>{escape(', '.join(near.only_here)) or '-'}</td><td>{escape(', '.join(near.only_there)) or '-'}</td></tr>"
        for policy, own in zip(found.policies, neighbours, strict=True)
        for near in own
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Policy map</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{len(found.policies)} policies by their latents</h1>\n"
        f"<p>First two principal components of z_g, {share:.0%} of the variance. "
        f"A line joins a policy with its nearest, where the cosine is {NEAR} or more.</p>\n"
        f'<svg viewBox="0 0 {_WIDTH} {max(heights) + _EDGE:.0f}" role="img" aria-label="Policy map">\n'
        + "\n".join([*lines, *dots])
        + "\n</svg>\n<h2>Nearest policies, and what differs</h2>\n<table>\n<thead><tr><th>policy</th><th>nearest</th>"
        "<th>cosine</th><th>granted only here</th><th>granted only there</th></tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + "\n</tbody>\n</table>\n</body>\n</html>\n"
    )
