"""The demonstration set: 12 synthetic gold traces over Calendar, FileSystem and Database, each with its own context.

Enough to see the whole pipeline run; far too little to learn from.
"""

from __future__ import annotations

from typing import Any

from gatling.schema import Trace, parse_trace

_POLICIES: dict[str, dict[str, Any]] = {
    "Calendar": {
        "domain": "Calendar",
        "allowed_operations": ["list_events", "create_event", "update_event", "find_free_slot"],
        "forbidden_operations": ["delete_calendar", "share_calendar_publicly"],
        "scope_limits": {"list_events.limit": 50, "create_event.attendees": 20},
        "default": "deny",
    },
    "FileSystem": {
        "domain": "FileSystem",
        "allowed_operations": ["read_file", "write_file", "list_directory", "copy_file"],
        "forbidden_operations": ["delete_directory", "change_permissions"],
        "scope_limits": {"list_directory.max_entries": 200, "read_file.max_bytes": 1048576},
        "default": "deny",
    },
    "Database": {
        "domain": "Database",
        "allowed_operations": ["select_rows", "count_rows", "insert_row", "update_row"],
        "forbidden_operations": ["drop_table", "export_table", "grant_role"],
        "scope_limits": {"select_rows.limit": 100, "update_row.rows": 1},
        "default": "deny",
    },
}

SampleCall = tuple[str, dict[str, Any], int, int]  # tool, arguments, scope_volume, scope_sensitivity

_SAMPLES: list[tuple[str, str, str, list[SampleCall]]] = [
    ("Calendar", "standard_user", "Show my next five meetings.", [("list_events", {"limit": 5}, 5, 2)]),
    (
        "Calendar",
        "assistant",
        "Find half an hour with Dana on Thursday and book it.",
        [
            ("find_free_slot", {"person": "Dana", "day": "Thursday", "minutes": 30}, 1, 2),
            ("create_event", {"title": "Meeting with Dana", "minutes": 30}, 1, 3),
        ],
    ),
    (
        "Calendar",
        "team_lead",
        "Move the design review to 15:00.",
        [
            ("list_events", {"query": "design review", "limit": 1}, 1, 2),
            ("update_event", {"start": "15:00"}, 1, 3),
        ],
    ),
    (
        "Calendar",
        "standard_user",
        "Block tomorrow morning for writing.",
        [("create_event", {"title": "writing", "start": "09:00", "end": "12:00"}, 1, 2)],
    ),
    (
        "FileSystem",
        "developer",
        "What does the build script say?",
        [("read_file", {"path": "build.sh"}, 1, 2)],
    ),
    (
        "FileSystem",
        "developer",
        "Copy the release notes into the archive folder.",
        [
            ("read_file", {"path": "release_notes.md"}, 1, 2),
            ("copy_file", {"source": "release_notes.md", "target": "archive/"}, 1, 2),
        ],
    ),
    (
        "FileSystem",
        "auditor",
        "List what is in the invoices directory.",
        [("list_directory", {"path": "invoices", "max_entries": 100}, 100, 3)],
    ),
    (
        "FileSystem",
        "editor",
        "Save these minutes as minutes.txt.",
        [("write_file", {"path": "minutes.txt", "mode": "create"}, 1, 2)],
    ),
    (
        "Database",
        "analyst",
        "How many customers signed up in March?",
        [("count_rows", {"table": "customers", "month": "March"}, 1, 2)],
    ),
    (
        "Database",
        "analyst",
        "Give me ten recent orders above 500 euros.",
        [("select_rows", {"table": "orders", "where": "total > 500", "limit": 10}, 10, 3)],
    ),
    (
        "Database",
        "support_agent",
        "Correct the phone number of ticket 4711.",
        [
            ("select_rows", {"table": "tickets", "where": "id = 4711", "limit": 1}, 1, 3),
            ("update_row", {"table": "tickets", "id": 4711, "column": "phone"}, 1, 4),
        ],
    ),
    (
        "Database",
        "data_steward",
        "Add the new supplier Brandt to the suppliers table.",
        [("insert_row", {"table": "suppliers", "values": {"name": "Brandt"}}, 1, 3)],
    ),
]


def synthetic_traces() -> list[Trace]:
    """Return the 12 traces, always the same."""
    return [
        parse_trace(
            {
                "id": f"synthetic-{number:02d}",
                "source": "synthetic",
                "request": request,
                "governance_context": {
                    "policy": _POLICIES[domain],
                    "user_role": role,
                    "session_context": {"user_id": f"user_{number:03d}", "user_request": request},
                },
                "execution_plan": {
                    "nodes": [
                        {
                            "tool_name": tool,
                            "node_id": f"node{i}",
                            "arguments": arguments,
                            "provenance_tier": 1,
                            "scope_volume": volume,
                            "scope_sensitivity": sensitivity,
                        }
                        for i, (tool, arguments, volume, sensitivity) in enumerate(calls, start=1)
                    ],
                    "edges": [[f"node{i}", f"node{i + 1}"] for i in range(1, len(calls))],
                },
                "label": "compliant",
            }
        )
        for number, (domain, role, request, calls) in enumerate(_SAMPLES, start=1)
    ]
