"""Writes the configuration folder of a Home Assistant that is only ever reached over loopback."""

import json
from pathlib import Path

# Everything EMS lives on, and no more: `default_config` would reach for the network.
CONFIGURATION = """\
homeassistant:
  name: EMS
  latitude: 48.21
  longitude: 16.37
  elevation: 180
  unit_system: metric
  currency: EUR
  country: AT
  time_zone: Europe/Vienna
frontend:
config:
recorder:
  commit_interval: 1
history:
logbook:
energy:
system_health:
automation: !include automations.yaml
logger:
  default: info
  logs:
    custom_components.ems: debug
"""


def _store(folder: Path, key: str, version: int, minor_version: int, data: object) -> None:
    content = {"version": version, "minor_version": minor_version, "key": key, "data": data}
    (folder / ".storage").mkdir(parents=True, exist_ok=True)
    (folder / ".storage" / key).write_text(json.dumps(content), encoding="utf-8")


def _store_address(folder: Path, port: int) -> None:
    """Store where to listen. `http:` in YAML would be taken back by Home Assistant after five minutes."""
    stable = {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": "2026-01-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    _store(folder, "http", 2, 2, {"stable": stable, "pending": None, "yaml_migration_done": True})


def _link_component(folder: Path, component: Path) -> None:
    """Install an integration by a link, so that a restart is enough to try a change."""
    link = folder / "custom_components" / component.name
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(component, target_is_directory=True)


def write_config_dir(folder: Path, *, port: int, component: Path, extra_yaml: str = "") -> None:
    """Write a configuration folder; what Home Assistant stored there before stays, but for the port."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.yaml").write_text(CONFIGURATION + extra_yaml, encoding="utf-8")
    (folder / "automations.yaml").touch()
    _store_address(folder, port)
    if not (folder / ".storage" / "onboarding").exists():
        # The other steps would add integrations that fetch things from the internet.
        _store(folder, "onboarding", 4, 1, {"done": ["core_config", "analytics", "integration"]})
    _link_component(folder, component)
