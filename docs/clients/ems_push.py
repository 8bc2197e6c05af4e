#!/usr/bin/env python3
"""Post readings to EMS. Needs Python 3.10 and nothing else.

    export EMS_KEY=…                # the key that Home Assistant has shown
    ems_push.py URL energy_consumed=0.12 voltage=230.1     one report
    meter-reader | ems_push.py URL -                       a report per line, as JSON objects
    ems_push.py URL --status                               what came of them

Every report carries a `seq` (milliseconds since 1970). If an answer gets lost on the way, the same report is sent
again with the same `seq`, and EMS takes it once. With --stamp a report carries the time as well.
"""

import argparse
from collections.abc import Callable, Iterator
import json
import os
import sys
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

TIMEOUT_S = 10.0
ATTEMPTS = 5
PAUSE_S = 2.0


class RefusedError(Exception):
    """EMS did not take a report. `told` is what it answered: error, field, remedy, server_time."""

    def __init__(self, status: int, told: dict[str, Any], retry_after_s: float | None) -> None:
        """Keep the answer."""
        super().__init__(f"{status}: {told.get('error')}. {told.get('remedy') or ''}".strip())
        self.status, self.told, self.retry_after_s = status, told, retry_after_s


class EmsDevice:
    """One device of EMS, by its address and key."""

    def __init__(self, url: str, key: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Remember both. Raises ValueError for what is no address."""
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url}: an address begins with http:// or https://")
        self._url, self._key, self._sleep = url, key, sleep
        self._seq = 0

    def post(self, report: dict[str, Any]) -> dict[str, Any]:
        """Post a report once. Raises RefusedError, or OSError where nobody answers."""
        return self._ask(json.dumps(report, allow_nan=False).encode())

    def status(self) -> dict[str, Any]:
        """Return status and configuration. Raises like `post`."""
        return self._ask(None)

    def deliver(self, report: dict[str, Any], *, stamp: bool = False) -> dict[str, Any]:
        """Post a report until it is taken. Raises RefusedError where trying again would not help, or OSError."""
        self._seq = max(self._seq + 1, time.time_ns() // 1_000_000)
        report = {"seq": self._seq, **({"timestamp": time.time()} if stamp else {}), **report}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self.post(report)
            except RefusedError as err:
                if err.status == 409 and attempt > 1:  # it had arrived; only the answer was lost
                    return {"accepted": True}
                if err.retry_after_s is None or attempt == ATTEMPTS:
                    raise
                self._sleep(err.retry_after_s)
            except OSError:
                if attempt == ATTEMPTS:
                    raise
                self._sleep(PAUSE_S * attempt)
        raise AssertionError("unreachable")

    def _ask(self, body: bytes | None) -> dict[str, Any]:
        headers = {"X-API-Key": self._key, "Content-Type": "application/json"}
        try:
            request = Request(self._url, data=body, headers=headers)  # noqa: S310  # checked at the beginning
            with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except HTTPError as err:
            wait = err.headers.get("Retry-After")
            raise RefusedError(err.code, _told(err), float(wait) if wait else None) from err


def _told(err: HTTPError) -> dict[str, Any]:
    """Return what a refusal says; something between here and EMS may answer in other words."""
    try:
        found = json.load(err)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"error": err.reason}


def _reports(words: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the report of the command line, or those of the standard input."""
    if words == ["-"]:
        yield from (json.loads(line) for line in sys.stdin if line.strip())
        return
    report: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        report[name] = value if name in ("facility_id", "timestamp") else json.loads(value)
    yield report


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Post readings to EMS. The key is read from EMS_KEY.")
    parser.add_argument("url", help="the address that Home Assistant has shown")
    parser.add_argument("fields", nargs="*", help="name=value, or - for JSON lines")
    parser.add_argument("--status", action="store_true", help="show status and configuration")
    parser.add_argument("--stamp", action="store_true", help="send this computer's time with every report")
    given = parser.parse_args()
    try:
        device = EmsDevice(given.url, os.environ.get("EMS_KEY", ""))
        if given.status:
            print(json.dumps(device.status(), indent=2))
            return 0
        for report in _reports(given.fields):
            print(json.dumps(device.deliver(report, stamp=given.stamp)), flush=True)
    except (RefusedError, OSError, ValueError) as err:
        print(f"not delivered: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
