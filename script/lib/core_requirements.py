"""Print what the development Home Assistant's integrations need: it then starts without fetching anything."""

import ast
import json
from pathlib import Path
import sys

# What configuration.yaml of the demo loads, and what our tests set up.
WANTED = """
    frontend config recorder history logbook energy automation script mqtt modbus
    http websocket_api lovelace system_health system_log logger zeroconf usb dhcp
"""
# Source-only on a plain Python 3.14: script/setup puts stand-in modules in their place.
NO_WHEEL = ("pymicro-vad", "pyspeex-noise")


def base_platforms(core: Path) -> list[str]:
    """Return the entity platforms, all of which core sets up at every start."""
    tree = ast.parse((core / "generated/entity_platforms.py").read_text())
    members = [node for cls in tree.body if isinstance(cls, ast.ClassDef) for node in cls.body]
    values = [node.value for node in members if isinstance(node, ast.Assign)]
    return [str(value.value) for value in values if isinstance(value, ast.Constant)]


def collect(core: Path, domain: str, seen: dict[str, list[str]]) -> None:
    """Add a domain's requirements and those of what it depends on."""
    path = core / "components" / domain / "manifest.json"
    if domain in seen or not path.exists():
        return
    manifest = json.loads(path.read_text())
    seen[domain] = manifest.get("requirements", [])
    for dependency in (*manifest.get("dependencies", []), *manifest.get("after_dependencies", [])):
        # `cloud`, `hassio` and `bluetooth` are only ever after-dependencies, and huge.
        if dependency not in ("cloud", "hassio", "bluetooth", "backup"):
            collect(core, dependency, seen)


def main() -> None:
    """Collect and print."""
    core = Path(sys.argv[1])
    seen: dict[str, list[str]] = {}
    for domain in (*WANTED.split(), *base_platforms(core)):
        collect(core, domain, seen)
    found = {requirement for requirements in seen.values() for requirement in requirements}
    print("\n".join(sorted(r for r in found if not r.lower().startswith(NO_WHEEL))))


if __name__ == "__main__":
    main()
