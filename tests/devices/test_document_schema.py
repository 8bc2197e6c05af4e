"""Profiles of devices that speak in documents: what is wrong is named with its line and what to write."""

import pytest

from custom_components.ems.devices.errors import ProfileError
from custom_components.ems.devices.profile import DocumentProfile, parse_any_profile

HTTP = """\
profile: acme
manufacturer: Acme
models: [One]
source: Acme manual
confidence: A
link: {transport: http}
requests:
  status: {get: /status}
identity:
  manufacturer: Acme
  expect:
    - {from: status, path: type, equals: [one], means: the type one}
roles:
  charger:
    readings:
      power: {from: status, path: p, unit: kW, positive: consumption}
    settings:
      amp: {from: status, path: amp, unit: A, write: [6, 32], send: {get: "/set?amp={value}"}}
      run: {from: status, path: run, values: {0: "off", 1: "on"}, write: true, send: {post: /set, body: "{value}"}}
    control:
      current_a: [6, 32]
      commands: {charge: {amp: current_a, run: "on"}, "off": {run: "off"}}
      safe: {run: "off"}
      on_expiry: It keeps what it was told.
"""
MQTT = """\
profile: acme
manufacturer: Acme
models: [One]
source: Acme manual
confidence: A
link: {transport: mqtt, prefix: acme, alive: {topic: "{prefix}/online", word: "1"}}
topics:
  p: "{prefix}/power"
  s: {topic: "{prefix}/status", json: true}
identity:
  manufacturer: Acme
  expect:
    - {from: p, matches: "^[0-9]+$", means: a power}
roles:
  meter:
    readings:
      power: {from: p, unit: W, positive: import}
      frequency: {from: s, path: f, unit: Hz}
"""


@pytest.mark.parametrize("text", [HTTP, MQTT])
def test_a_right_profile_is_read(text):
    profile = parse_any_profile(text, "acme.yaml")
    assert isinstance(profile, DocumentProfile)


def test_units_signs_and_ranges_mean_what_they_mean_on_register_lines():
    text = HTTP.replace("unit: kW,", "unit: kW, scale: 0.1, valid: [0, 22],").replace(
        "consumption}", "production}"
    )
    point = parse_any_profile(text, "acme.yaml").roles["charger"].readings["power"]
    assert (point.unit, point.factor, point.valid) == ("W", -100, (-22_000, 0))


def test_a_prefix_and_a_channel_are_filled_in():
    text = MQTT.replace('"{prefix}/power"', '"{prefix}/{channel}/power"').replace(
        "path: f", 'path: "x.{channel}"'
    )
    profile = parse_any_profile(text, "acme.yaml").filled(channel=2, prefix="home/acme")
    assert profile.link.topics["p"].topic == "home/acme/2/power"
    assert profile.link.alive.topic == "home/acme/online"
    assert profile.roles["meter"].readings["frequency"].spots[0].path == ("x", "2")


@pytest.mark.parametrize(
    ("text", "old", "new", "error"),
    [
        (HTTP, "get: /status", "get: status", "acme.yaml:8: requests.status.get: is a path behind the host"),
        (HTTP, "{get: /status}", "{get: /a, post: /b}", "needs one of `get` and `post`"),
        (HTTP, "from: status, path: p,", "from: other, path: p,", "power.from: must be one of status"),
        (HTTP, "from: status, path: p,", "path: p,", "needs `from`"),
        (HTTP, "path: p,", "path: a..b,", "empty step"),
        (HTTP, "path: p,", "path: -1,", "whole number"),
        (HTTP, "unit: kW,", "unit: kWh,", "does not measure power"),
        (HTTP, ", positive: consumption", "", "needs `positive: consumption or production`"),
        (HTTP, "      power:", "      pwr:", "is no reading of a charger"),
        (HTTP, ', send: {get: "/set?amp={value}"}', "", "`write` .* and `send` .* belong together"),
        (HTTP, "/set?amp={value}", "/set?amp=6", "put `{value}` where it belongs"),
        (HTTP, '{get: "/set?amp={value}"}', "{body: '{value}'}", "needs one of `get`, `post` and `put`"),
        (HTTP, 'body: "{value}"}', 'body: "{value}", words: {"on": a}}', "for each word of `values`"),
        (HTTP, '"/set?amp={value}"}', '"/set?amp={value}", words: {"on": a}}', "for each word of `values`"),
        (HTTP, 'values: {0: "off"', "values: {0: 7", "must be a word"),
        (HTTP, 'values: {0: "off"', 'values: {0.5: "off"', "a code is a number"),
        (HTTP, '{run: "off"}\n      on', '{rnu: "off"}\n      on', "rnu is no writable point"),
        (HTTP, "{transport: http}", "{transport: http, auth: [kerberos]}", "must be one of none, basic"),
        (HTTP, "{transport: http}", "{transport: http, poll_s: 0.1}", "must be at least 1 s"),
        (HTTP, "{transport: http}", "{transport: ftp}", "must be one of http, mqtt"),
        (HTTP, "{transport: http}", "7", "must be a mapping"),
        (HTTP, "equals: [one], ", "", "needs one of `equals` .* and `matches`"),
        (HTTP, "equals: [one]", "matches: '['", "is no regular expression"),
        (HTTP, "confidence: A", "confidence: C", "read-only until somebody confirmed"),
        (HTTP, "path: run,", "path: [run, r2],", "can neither be written nor be a word"),
        (HTTP, "unit: A, write", "unit: A, limit: power, write", "is no point of this role in A"),
        (HTTP, "      current_a:", "      together: [[amp, run]]\n      current_a:", "belongs to registers"),
        (HTTP, 'safe: {run: "off"}', "safe: {amp: current_a}", "needs settings with values of their own"),
        (HTTP, "  charger:\n", "  charger:\n    parts: {}\n", "parts"),
        (MQTT, '"{prefix}/power"', '"{prefix}/+/power"', "has a wildcard"),
        (MQTT, '"{prefix}/power"', '""', "must be a text"),
        (MQTT, 'word: "1"', "is: 1", "needs `word`"),
        (MQTT, "from: p, unit: W", "from: [p, s], path: [a, b], unit: W", "not both"),
        (MQTT, "unit: Hz}", "unit: Hz, values: {1: a}}", "is a number; remove `values`"),
        (MQTT, "unit: Hz}", "unit: Hz, absent: [[1]]}", "must be a number or a text"),
        (MQTT, "unit: Hz}", "unit: Hz, tolerance: 1}", "belongs to writable points"),
        (MQTT, "topics:", "requests:", "needs `topics`"),
        (MQTT, '  expect:\n    - {from: p, matches: "^[0-9]+$", means: a power}', "  expect: []", "at least one"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place_and_remedy(text, old, new, error):
    assert old in text
    with pytest.raises(ProfileError, match=error):
        parse_any_profile(text.replace(old, new, 1), "acme.yaml")


def test_a_message_is_a_way_to_write_too():
    send = "send: {topic: a/set, payload: '{value}', retain: true}"
    line = f"    settings:\n      k: {{from: s, path: k, write: [0, 9], {send}}}"
    text = MQTT.replace("unit: Hz}", f"unit: Hz}}\n{line}")
    send = parse_any_profile(text, "acme.yaml").roles["meter"].settings["k"].send
    assert (send.target, send.body, send.retain) == ("a/set", "{value}", True)


@pytest.mark.parametrize("words", ["{1: true}", "{1: some}"])
def test_words_nobody_else_knows_are_refused(words):
    text = HTTP.replace(
        "    settings:", f"      state: {{from: status, path: s, values: {words}}}\n    settings:"
    )
    with pytest.raises(ProfileError, match="must map to"):
        parse_any_profile(text, "acme.yaml")


def test_a_flag_maps_to_yes_and_no_and_a_setting_may_be_the_makers_own():
    text = HTTP.replace(
        "      amp:",
        "      locked: {from: status, path: l, values: {0: false, 1: true}}\n"
        "      count: {from: status, path: c}\n      amp:",
    )
    settings = parse_any_profile(text, "acme.yaml").roles["charger"].settings
    assert (settings["locked"].kind, settings["count"].kind) == ("flag", "count")
    with pytest.raises(ProfileError, match="is yes or no"):
        parse_any_profile(
            HTTP.replace(
                "    settings:", "      car_connected: {from: status, values: {0: a}}\n    settings:"
            ),
            "acme.yaml",
        )
