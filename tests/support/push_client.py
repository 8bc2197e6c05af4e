"""Runs the example client of the documentation, as a device would."""

import asyncio
import os
import sys

from tests.support.tree import ROOT

CLIENT = ROOT / "docs" / "clients" / "ems_push.py"


async def push(url: str, key: str, *words: str) -> tuple[int, str]:
    """Return its exit code and all it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(CLIENT), url, *words),
        env={"PATH": os.environ["PATH"], "EMS_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()
