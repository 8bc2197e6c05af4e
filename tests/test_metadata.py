"""What hassfest and HACS would check, offline: neither can be installed as a package."""

from pathlib import Path
import struct
import tomllib
from typing import Any

from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
import pytest
import yaml

from tests.support.references import PLATFORMS
from tests.support.tree import COMPONENT, ROOT, read_json, read_pyproject
from tests.support.workshop import locked

# hassfest's CUSTOM_INTEGRATION_MANIFEST_SCHEMA, without what EMS has no use for.
MANIFEST_REQUIRED = {"domain", "name", "codeowners", "documentation", "iot_class", "version"}
MANIFEST_KNOWN = MANIFEST_REQUIRED | {
    *(
        "after_dependencies",
        "bluetooth",
        "config_flow",
        "dependencies",
        "dhcp",
        "disabled",
        "homekit",
        "import_executor",
    ),
    *(
        "integration_type",
        "issue_tracker",
        "loggers",
        "mqtt",
        "preview_features",
        "quality_scale",
        "requirements",
    ),
    *("single_config_entry", "ssdp", "usb", "zeroconf"),
}
# HACS, utils/validate.py: any other key fails.
HACS_KNOWN = {
    *("content_in_root", "country", "filename", "hacs", "hide_default_branch", "homeassistant", "name"),
    *("persistent_directory", "render_readme", "zip_release"),
}
PNG = b"\x89PNG\r\n\x1a\n"


def manifest() -> dict[str, Any]:
    """Return the manifest."""
    content: dict[str, Any] = read_json(COMPONENT / "manifest.json")
    return content


def png_size(path: Path) -> tuple[int, int]:
    """Return width and height from a PNG's header."""
    head = path.read_bytes()[:24]
    assert head.startswith(PNG)
    width, height = struct.unpack(">II", head[16:])
    return width, height


def test_manifest_has_the_keys_hassfest_knows_in_its_order() -> None:
    """Domain and name first, the rest by the alphabet."""
    keys = list(manifest())
    assert set(keys) >= MANIFEST_REQUIRED
    assert set(keys) <= MANIFEST_KNOWN
    assert keys == ["domain", "name", *sorted(set(keys) - {"domain", "name"})]


def test_manifest_says_where_and_whose() -> None:
    """The folder is the domain; links are https and not Home Assistant's own documentation."""
    found = manifest()
    assert found["domain"] == COMPONENT.name
    assert found["codeowners"]
    assert all(owner.startswith("@") for owner in found["codeowners"])
    for key in ("documentation", "issue_tracker"):
        assert found[key].startswith("https://")
        assert "home-assistant.io" not in found[key]


def test_manifest_needs_what_the_code_imports_from_home_assistant() -> None:
    """Hard only what must be there: a hard recorder or frontend would be forced into every test."""
    found = manifest()
    assert found["dependencies"] == ["http", "modbus"]
    assert found["after_dependencies"] == ["energy", "frontend", "mqtt", "recorder", "usb"]


def test_version_is_the_same_everywhere_and_home_assistant_accepts_it() -> None:
    """Home Assistant blocks a custom integration whose version it cannot read."""
    version = manifest()["version"]
    accepted = [AwesomeVersionStrategy.CALVER, AwesomeVersionStrategy.SEMVER, AwesomeVersionStrategy.PEP440]
    assert AwesomeVersion(version, ensure_strategy=accepted).valid
    assert version == read_pyproject()["project"]["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_workshop_installs_what_users_get() -> None:
    """A requirement with a pin must be tested in that very version."""
    versions = locked()
    for requirement in manifest()["requirements"]:
        name, _, pin = requirement.partition("==")
        assert name in versions
        assert not pin or versions[name] == pin


def test_what_home_assistant_pins_is_not_pinned_again() -> None:
    """Home Assistant installs under its own constraints: a second pin can only contradict them."""
    assert "numpy" in manifest()["requirements"]


def test_hacs_accepts_the_repository() -> None:
    """One integration, a name, and the oldest Home Assistant it runs on."""
    hacs = read_json(ROOT / "hacs.json")
    assert set(hacs) <= HACS_KNOWN
    assert hacs["name"] == manifest()["name"]
    minimum, tested = AwesomeVersion(hacs["homeassistant"]), AwesomeVersion(locked()["homeassistant"])
    assert minimum <= tested
    assert [path.name for path in (ROOT / "custom_components").iterdir() if path.is_dir()] == [COMPONENT.name]


@pytest.mark.parametrize(("file", "size"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_icon_has_the_size_home_assistant_asks_for(file: str, size: int) -> None:
    """Square, and twice as large for fine screens."""
    assert png_size(COMPONENT / "brand" / file) == (size, size)


def test_licence_is_the_one_we_name() -> None:
    """The text is there in full."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert read_pyproject()["project"]["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_quality_scale_is_an_honest_ledger() -> None:
    """Every rule has a status, and what is not simply done says why."""
    rules = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text(encoding="utf-8"))["rules"]
    for name, entry in rules.items():
        status = entry if isinstance(entry, str) else entry["status"]
        assert status in ("done", "todo", "exempt"), name
        assert status == "done" or entry["comment"].strip(), f"{name} is {status}: why?"


def contains(pattern: str, needle: str) -> bool:
    """Return whether every file of the component that matches has the needle, and there is such a file."""
    texts = [path.read_text(encoding="utf-8") for path in COMPONENT.glob(pattern)]
    return bool(texts) and all(needle in text for text in texts)


# What a rule that calls itself done must at least have left in the code.
EVIDENCE = {
    "action-exceptions": ("services.py", "ServiceValidationError"),
    "action-setup": ("lifecycle.py", "async_setup_services"),
    "config-entry-unloading": ("lifecycle.py", "async_unload_entry"),
    "config-flow": ("config_flow.py", "ConfigFlow"),
    "diagnostics": ("diagnostics.py", "async_get_config_entry_diagnostics"),
    "exception-translations": ("translations/en.json", '"exceptions"'),
    "has-entity-name": ("entity.py", "_attr_has_entity_name = True"),
    "icon-translations": ("icons.json", '"entity"'),
    "parallel-updates": ("sensor.py", "PARALLEL_UPDATES"),
    "reconfiguration-flow": ("config_flow.py", "async_step_reconfigure"),
    "repair-issues": ("repairs.py", "async_create_fix_flow"),
    "runtime-data": ("lifecycle.py", "runtime_data"),
    "stale-devices": ("lifecycle.py", "async_remove_config_entry_device"),
    "test-before-configure": ("flows/probe.py", "temporary_device"),
}


def test_done_has_left_its_mark() -> None:
    """A ledger that runs ahead of the code is worse than none."""
    rules = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text(encoding="utf-8"))["rules"]
    done = {name for name, entry in rules.items() if entry == "done" or entry["status"] == "done"}
    assert [name for name in EVIDENCE if name in done and not contains(*EVIDENCE[name])] == []


def test_platforms_say_how_many_updates_run_at_once() -> None:
    """A platform without PARALLEL_UPDATES gets a default that depends on how its entities update."""
    platforms = [COMPONENT / f"{name}.py" for name in PLATFORMS]
    silent = [
        path.name for path in platforms if path.exists() and "PARALLEL_UPDATES = " not in path.read_text()
    ]
    assert silent == []


def test_python_floor_is_home_assistants() -> None:
    """The floor in pyproject, the set-up script and ruff's target tell the same story."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert pyproject["project"]["requires-python"] == ">=3.14.2"
    assert "PYTHON_MINIMUM=3.14.2" in (ROOT / "script" / "lib" / "common.sh").read_text(encoding="utf-8")
    assert pyproject["tool"]["ruff"]["target-version"] == "py314"
