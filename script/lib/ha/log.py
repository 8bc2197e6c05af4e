"""Reads Home Assistant's log for what should not be in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re

# 2026-11-20 12:00:00.123 ERROR (MainThread) [custom_components.ems] …; from 2026.11 with an offset from UTC
_RECORD = re.compile(r"^[\d-]{10} [\d:.]+(?:[+-][\d:]+)? (?P<level>[A-Z]+) \([^)]*\) \[(?P<logger>[^]]+)\] ")


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record with the traceback that follows it."""

    level: str
    logger: str
    text: str


def records(log: str) -> Iterator[Record]:
    """Split a log into records."""
    lines: list[str] = []
    for line in [*log.splitlines(), None]:
        if line is not None and (not lines or not _RECORD.match(line)):
            lines.append(line)
            continue
        if lines and (match := _RECORD.match(lines[0])):
            yield Record(level=match["level"], logger=match["logger"], text="\n".join(lines))
        lines = [line] if line is not None else []


def problems(path: Path, component: str = "ems") -> list[str]:
    """Return warnings and errors that a custom component logged, and anybody's errors that name it."""
    module, folder = f"custom_components.{component}", f"custom_components/{component}/"
    found = []
    for record in records(path.read_text(encoding="utf-8", errors="replace")):
        own = record.logger.startswith(module) and record.level in ("WARNING", "ERROR", "CRITICAL")
        others = record.level in ("ERROR", "CRITICAL") and (folder in record.text or module in record.text)
        if own or others:
            found.append(record.text)
    return found
