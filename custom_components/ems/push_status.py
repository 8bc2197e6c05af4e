"""What a device may ask: how it is set up, and what came of its reports."""

from typing import Any

from .devices.push import PushInbox
from .devices.push.fields import NUMBERS
from .devices.push.report import FACILITY, SEQ, STAMP
from .devices.push.sequence import AHEAD_MAX_S, BEHIND_MAX_S, shown


def push_status(key_id: str, inbox: PushInbox, now_s: float) -> dict[str, Any]:
    """Return status and configuration as JSON-like data. Nothing in it is secret."""
    state, setup, refusal = inbox.state, inbox.setup, inbox.last_refusal
    return {
        "key_id": key_id,
        "status": {
            "last_accepted": None if state.at_s is None else shown(state.at_s),
            "age_s": None if state.at_s is None else round(now_s - state.at_s, 1),
            "is_silent": inbox.is_silent(now_s),
            "accepted": state.accepted,
            "refused": state.refused,
            "last_refusal": refusal
            and {"at": shown(refusal.at_s), "error": refusal.message, "field": refusal.field},
            "last_seq": state.seq,
        },
        "configuration": {
            "role": setup.role,
            "reporting_interval_s": setup.interval_s,
            "energy": setup.energy,
            "capacity_kw": setup.capacity_kw,
            "facility_id": setup.facility_id,
            "fields_in_use": state.fields,
            "fields_understood": (*NUMBERS, FACILITY, STAMP, SEQ),
        },
        "thresholds": {
            "silent_after_s": setup.silent_after_s,
            "timestamp_ahead_max_s": AHEAD_MAX_S,
            "timestamp_behind_max_s": BEHIND_MAX_S,
            "ranges": {name: [field.low, field.high, field.unit] for name, field in NUMBERS.items()},
        },
        "server_time": shown(now_s),
    }
