"""A report for people: what went wrong and how long it was felt, what was written, what cars got, what it cost."""

from benchmarks.closed_loop.week import Report


def table(report: Report) -> str:
    """Return all of it as text."""
    return "\n".join([*_overload(report), "", *_writes(report), "", *_rest(report)])


def _overload(report: Report) -> list[str]:
    head = f"{'mishap':18} {'times':>5} {'above':>6} {'worst':>6} {'may':>5} {'most':>7} {'nobody':>7} {'beyond':>7}"
    return [head] + [
        f"{kind or 'none':18} {each.times or '':>5} {each.runs:>6} {each.worst_s:>4} s {each.bound_s:>3} s "
        f"{each.most_a:>5.1f} A {each.nobody_s:>5} s {each.beyond_s:>5} s"
        for kind, each in report.worst.items()
    ]


def _writes(report: Report) -> list[str]:
    days = len(report.writes)
    head = f"{'register':28} {'a day':>7} {'at most':>8}"
    return [head] + [
        f"{name:28} {sum(day[name] for day in report.writes) / days:>7.0f} {most:>8}"
        for name, most in report.most_writes.items()
    ]


def _rest(report: Report) -> list[str]:
    ledger = report.ledger
    shares = [stay.share for stay in ledger.stays]
    return [
        f"phases changed at most a day: {report.phase_changes}",
        f"promises: {len(shares)}, kept to {min(shares, default=1):.0%} at least",
        f"bill {ledger.bill_eur:.2f} EUR, without a battery {ledger.unsteered_eur:.2f} EUR",
        f"{ledger.cars_kwh:.0f} kWh into cars",
        f"{len(report.happened)} mishaps, {report.looks} looks, {report.cpu_s:.1f} s of processor time",
    ]
