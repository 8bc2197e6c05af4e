"""Reports come in order, once, and about now."""

from datetime import UTC, datetime
from typing import Final

from .refusal import PushRefusedError, Refusal
from .report import SEQ, STAMP, Report
from .state import PushState

# A clock that is set by the network is right to a second; one that was set by hand is not.
AHEAD_MAX_S: Final = 60.0
# Reports that waited for the network still count; older ones have no place in any plan.
BEHIND_MAX_S: Final = 3600.0


def check_order(report: Report, state: PushState, now_s: float) -> None:
    """Refuse a stamp that is not about now, and what repeats or runs backwards. Raises PushRefusedError."""
    if report.stamp_s is not None:
        _check_skew(report.stamp_s, now_s)
    if report.seq is not None and state.seq is not None and report.seq <= state.seq:
        raise PushRefusedError(
            f"{SEQ} {report.seq} is not after {state.seq}, the last one",
            field=SEQ,
            kind=Refusal.REPEATED,
            remedy="Do not send a report twice. Count on across restarts, or begin at the seconds since 1970.",
        )
    # With a sequence, reports of one second are still in order.
    at_s, last_s = report.stamp_s, state.stamp_s
    is_ordered = report.seq is not None and state.seq is not None
    if at_s is not None and last_s is not None and (at_s < last_s or (at_s == last_s and not is_ordered)):
        raise PushRefusedError(
            f"{STAMP} {shown(at_s)} is not after {shown(last_s)}, the last one",
            field=STAMP,
            kind=Refusal.REPEATED,
            remedy="Do not send a report twice, and send the oldest first.",
        )


def _check_skew(stamp_s: float, now_s: float) -> None:
    ahead_s = stamp_s - now_s
    if -BEHIND_MAX_S <= ahead_s <= AHEAD_MAX_S:
        return
    side = f"{ahead_s:.0f} s ahead of" if ahead_s > 0 else f"{-ahead_s:.0f} s behind"
    raise PushRefusedError(
        f"{STAMP} is {side} our clock, which says {shown(now_s)}",
        field=STAMP,
        remedy=f"Set the device's clock, or leave {STAMP} away. "
        f"At most {AHEAD_MAX_S:.0f} s ahead and {BEHIND_MAX_S:.0f} s behind are taken.",
    )


def shown(at_s: float) -> str:
    """Return a moment as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at_s, UTC).isoformat()
