"""Names and numbers that the Home Assistant side shares."""

from datetime import timedelta
import logging
from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "ems"
LOGGER = logging.getLogger(__package__)

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TIME,
]

# Subentry types; each is a role that a device can play in a home.
METER: Final = "meter"
BATTERY: Final = "battery"
PV: Final = "pv"
CHARGER: Final = "charger"
LOAD: Final = "load"
ROLES: Final = (METER, BATTERY, PV, CHARGER, LOAD)
# A fuse that devices hang below: no device, so no role, and without a source.
CIRCUIT: Final = "circuit"

# entry.data
CONF_KIND: Final = "kind"
KIND_DEMO: Final = "demo"
KIND_HOME: Final = "home"
CONF_GRID: Final = "grid"
CONF_TARIFF: Final = "tariff"
CONF_WEATHER: Final = "weather"
CONF_DEMO: Final = "demo"
CONF_PHASES: Final = "phases"
CONF_SWITCHES_PHASES: Final = "switches_phases"
CONF_DISCHARGE_MAX_W: Final = "discharge_max_w"
CONF_FUSE_A: Final = "fuse_a"
CONF_IMPORT_MAX_KW: Final = "import_max_kw"
CONF_EXPORT_MAX_KW: Final = "export_max_kw"
CONF_EXPORT_PRICE_MIN: Final = "export_price_min"
CONF_ANNUAL_KWH: Final = "annual_kwh"
CONF_ADDRESS: Final = "address"

# entry.data["tariff"]
TARIFF_FIXED: Final = "fixed"
TARIFF_TIME_OF_USE: Final = "time_of_use"
TARIFF_ENTITY: Final = "entity"
TARIFF_AWATTAR: Final = "awattar"
TARIFF_ENERGY_CHARTS: Final = "energy_charts"
TARIFF_ENTSOE: Final = "entsoe"
CONF_IMPORT_PRICE: Final = "import_price"
CONF_EXPORT_PRICE: Final = "export_price"
CONF_WINDOWS: Final = "windows"
CONF_ENTITY: Final = "entity_id"
CONF_COUNTRY: Final = "country"
CONF_ZONE: Final = "zone"
CONF_PRICE_UNIT: Final = "price_unit"
CONF_SHARE_PCT: Final = "share_pct"
CONF_MARKUP: Final = "markup"
CONF_VAT_PCT: Final = "vat_pct"
CONF_EXPORT_KIND: Final = "export_kind"
CONF_EXPORT_DEDUCTION: Final = "export_deduction"
CONF_EXPORT_SHARE_PCT: Final = "export_share_pct"
CONF_EXPORT_VAT_PCT: Final = "export_vat_pct"
CONF_BASE_URL: Final = "base_url"

# entry.data["weather"]
WEATHER_NONE: Final = "none"
WEATHER_OPEN_METEO: Final = "open_meteo"
WEATHER_ENTITY: Final = "entity"
WEATHER_BRIGHT_SKY: Final = "bright_sky"

# entry.data["co2"]; homes that never heard of it have none.
CONF_CO2: Final = "co2"
CO2_NONE: Final = "none"
CO2_ENERGY_CHARTS: Final = "energy_charts"
CO2_ENTITY: Final = "entity"

# subentry.data (design §10): {name, source: {kind, profile, link, serial, entities}, params}
CONF_SOURCE: Final = "source"
CONF_PARAMS: Final = "params"
CONF_FORECAST_ENTITIES: Final = "forecast_entities"
CONF_PROFILE: Final = "profile"
CONF_LINK: Final = "link"
CONF_TRANSPORT: Final = "transport"
CONF_UNIT_ID: Final = "unit_id"
CONF_SERIAL_PORT: Final = "serial_port"
CONF_BAUDRATE: Final = "baudrate"
CONF_PARITY: Final = "parity"
CONF_STOP_BITS: Final = "stop_bits"
CONF_POLL_S: Final = "poll_s"
CONF_CHANNEL: Final = "channel"
CONF_PREFIX: Final = "prefix"
CONF_POINTS: Final = "points"
CONF_SERIAL: Final = "serial"
CONF_ENTITIES: Final = "entities"
SOURCE_PROFILE: Final = "profile"
SOURCE_ENTITIES: Final = "entities"
# Described by hand, point by point, and reached over this transport.
SOURCE_HTTP: Final = "http"
SOURCE_MQTT: Final = "mqtt"
SOURCE_MODBUS: Final = "modbus"
# It posts its readings to us. Its serial is its key id.
SOURCE_PUSH: Final = "push"
CONF_CAPACITY_KW: Final = "capacity_kw"
CONF_ENERGY: Final = "energy"
CONF_INTERVAL_S: Final = "interval_s"
CONF_FACILITY_ID: Final = "facility_id"
CONF_KEY_HASH: Final = "key_hash"
CONF_KEY_MADE_S: Final = "key_made_s"

# entry.options: what people turn while it runs; a change never reloads the site.
OPT_OPERATION: Final = "operation"
OPT_STRATEGY: Final = "strategy"
OPT_PREFERENCE: Final = "preference"
OPT_DEVICES: Final = "devices"
OPERATION_ADVISORY: Final = "advisory"
OPERATION_ACTIVE: Final = "active"

# Unless a person says otherwise; never more often than a device's profile allows.
# The grid meter decides everything real-time does, so it is read as often as a Modbus meter refreshes.
METER_INTERVAL: Final = timedelta(seconds=2)
# Inverters answer slowly and share their bus with the vendor's own portal.
DEVICE_INTERVAL: Final = timedelta(seconds=5)
# Limits and modes change by hand or by us; once a minute shows what somebody else has turned.
SETTINGS_INTERVAL: Final = timedelta(seconds=60)
# Weather services update hourly, and the load forecast gains nothing from more.
FORECAST_INTERVAL: Final = timedelta(minutes=15)
# Design §4.4. Setpoints come from steps of 5 minutes.
PLAN_INTERVAL: Final = timedelta(minutes=5)
# Leases are renewed and overrides expire on this beat; it is also the shortest time between two commands.
DISPATCH_INTERVAL: Final = timedelta(seconds=5)
# The guard looks with every word of a meter, and at least on this beat: a silent meter says nothing.
GUARD_INTERVAL: Final = timedelta(seconds=5)
# A reading older than this counts as no reading: three missed polls of the slowest device.
READING_MAX_AGE_S: Final = 20.0
# A plan may miss two rounds; then its first steps no longer describe this hour and devices go automatic.
PLAN_MAX_AGE_S: Final = 15 * 60
# A hand on a setpoint holds for this long (design §10).
OVERRIDE: Final = timedelta(minutes=60)
# HiGHS stops here with what it has; a plan takes some ten milliseconds.
SOLVE_TIME_LIMIT_S: Final = 20.0
