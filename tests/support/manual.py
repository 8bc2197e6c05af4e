"""What the manual shows, as the tests try it: people copy it word by word."""

import re

from tests.support.tree import ROOT

PROFILES = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")


def _block(title: str) -> str:
    """Return the first YAML block of a section."""
    section = PROFILES.split(f"\n## {title}\n", 1)[1]
    found = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert found, title
    return found[1]


# The whole file of "A profile of your own".
OWN_METER = _block("A profile of your own")
