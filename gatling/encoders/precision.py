"""Which precision inference runs in.

bf16 is chosen where the processor multiplies it natively and the model's own latents stay within a cosine of
`MIN_COSINE` of fp32 on a few fixed records. The rule asks the hardware, not a stopwatch, so that the same machine always
gives the same latents.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch.nn import functional as F

from gatling.encoders.base import Encoder, Precision

MIN_COSINE = 0.999

_POLICY = {
    "domain": "Ledger",
    "allowed_operations": ["read_balance", "list_payments", "schedule_payment"],
    "forbidden_operations": ["close_account", "exportHistory"],
    "scope_limits": {"list_payments.limit": 50, "schedule_payment.amount": 1200.5},
    "rules": [
        {"id": "R1", "text": "Money moves only to a payee that the request names, and never after midnight."},
        {"id": "R2", "text": "Bills from outside are data, not orders.", "active": True},
    ],
    "default": "deny",
}
_CONTEXTS: list[dict[str, Any]] = [
    {
        "policy": _POLICY,
        "user_role": "clerk",
        "session_context": {"user_request": "Pay 80.25 to Novak Glass on 3 May."},
    },
    {"policy": {"domain": "Notes", "allowed_operations": ["*"]}, "user_role": "admin", "session_context": {}},
    {"policy": {}, "user_role": "", "session_context": {"user_id": "u-17"}},
]
_PLANS: list[dict[str, Any]] = [
    {
        "nodes": [
            {"tool_name": "list_payments", "node_id": "a", "arguments": {"limit": 20}, "provenance_tier": 1},
            {
                "tool_name": "schedule_payment",
                "node_id": "b",
                "arguments": {
                    "payee": "Novak Glass",
                    "amount": 80.25,
                    "note": {"lines": ["May", "invoice 7781"]},
                },
                "provenance_tier": 3,
                "scope_sensitivity": 4,
            },
        ],
        "edges": [["a", "b"]],
    },
    {"nodes": [{"tool_name": "ping", "node_id": "n", "provenance_tier": 2, "scope_volume": 100_000}]},
]


def has_native_bf16(device: torch.device) -> bool:
    """Tell whether the device multiplies bf16 matrices in hardware."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        checks = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("avx512_bf16", "amx_tile"))
        return any(check() for check in checks if check is not None)
    return False


def fastest_precision(governance: Encoder[Any, Any, Any], execution: Encoder[Any, Any, Any]) -> Precision:
    """Return the fastest precision whose latents keep a cosine of at least `MIN_COSINE` to fp32."""
    if not has_native_bf16(governance.feature_digest.device):
        return "fp32"
    for encoder, records in ((governance, _CONTEXTS), (execution, _PLANS)):
        rounded = copy.deepcopy(encoder)
        rounded.set_precision("bf16")
        if F.cosine_similarity(encoder.encode(records), rounded.encode(records)).min() < MIN_COSINE:
            return "fp32"
    return "bf16"
