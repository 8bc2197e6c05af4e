"""Add up pytest's reports: `N passed, N failed, N skipped`, exit 1 if anything failed or nothing ran."""

import argparse
from collections import Counter
from pathlib import Path
import sys
from xml.etree import ElementTree as ET


def outcome(case: ET.Element) -> str:
    """Return how one test ended. A test whose teardown breaks has failed, even if it passed before."""
    tags = {child.tag for child in case}
    if tags & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in tags else "passed"


def count(reports: list[Path]) -> Counter[str]:
    """Return how many tests ended how."""
    ranking = ["passed", "skipped", "failed"]
    worst: dict[tuple[Path, str, str], str] = {}
    for report in reports:
        # Written by our own pytest a moment ago: nothing hostile can be in it.
        for case in ET.parse(report).iter("testcase"):  # noqa: S314
            test = (report, case.get("classname", ""), case.get("name", ""))
            worst[test] = max(worst.get(test, "passed"), outcome(case), key=ranking.index)
    return Counter(worst.values())


def main() -> int:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skipped", action="append", default=[], help="a job that was skipped, and why")
    parser.add_argument("reports", type=Path, nargs="*")
    arguments = parser.parse_args()
    counts = count([report for report in arguments.reports if report.exists()])
    for note in arguments.skipped:
        print(f"SKIPPED {note}")
    skipped = counts["skipped"] + len(arguments.skipped)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {skipped} skipped")
    if not counts["passed"] + counts["failed"]:
        print("error: no test ran", file=sys.stderr)
        return 1
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
