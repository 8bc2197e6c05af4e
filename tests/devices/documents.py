"""What real devices answer, typed from their makers' documentation and not from our profiles."""

from typing import Any

SHELLY_3EM_GEN1: dict[str, Any] = {
    "/shelly": {
        "type": "SHEM-3",
        "mac": "34945470E1A2",
        "auth": False,
        "fw": "20230913-114244/v1.14.0-gcb84623",
    }
    | {"longid": 1, "num_outputs": 1, "num_meters": 0, "num_emeters": 3},
    "/status": {
        "relays": [{"ison": False}],
        "emeters": [
            {"power": 1210.5, "pf": 0.98, "current": 5.35, "voltage": 231.1}
            | {"is_valid": True, "total": 100_000.1, "total_returned": 1000.0},
            {"power": -350.0, "pf": -0.91, "current": 1.66, "voltage": 230.4}
            | {"is_valid": True, "total": 20_000.2, "total_returned": 2000.0},
            {"power": 0.0, "pf": 0.0, "current": 0.01, "voltage": 229.9}
            | {"is_valid": True, "total": 3000.0, "total_returned": 0.0},
        ],
        "total_power": 860.5,
    },
}
SHELLY_EM_GEN1: dict[str, Any] = {
    "/shelly": {
        "type": "SHEM",
        "mac": "E8DB84A1B2C3",
        "auth": False,
        "fw": "20230913-114150/v1.14.0-gcb84623",
    },
    "/status": {
        "emeters": [
            {"power": 410.2, "reactive": 20.1, "pf": 0.9, "voltage": 230.1, "is_valid": True}
            | {"total": 5000.5, "total_returned": 12.5},
            {"power": -1500.0, "reactive": 0.0, "pf": -1.0, "voltage": 230.1, "is_valid": True}
            | {"total": 3.0, "total_returned": 700_000.0},
        ]
    },
}
_GEN2 = {"mac": "EC62609110F8", "gen": 2, "ver": "1.4.4", "auth_en": False, "auth_domain": None}
SHELLY_PRO_3EM: dict[str, Any] = {
    "/rpc/Shelly.GetDeviceInfo": _GEN2
    | {"id": "shellypro3em-ec62609110f8", "model": "SPEM-003CEBEU", "app": "Pro3EM", "profile": "triphase"},
    "/rpc/EM.GetStatus?id=0": {"id": 0, "user_calibrated_phase": []}
    | {
        "a_current": 4.029,
        "a_voltage": 236.1,
        "a_act_power": 951.2,
        "a_aprt_power": 951.9,
        "a_pf": 1,
        "a_freq": 50,
    }
    | {"b_current": 4.027, "b_voltage": 236.201, "b_act_power": -951.1, "b_aprt_power": 951.8, "b_pf": -1}
    | {"c_current": 3.03, "c_voltage": 236.402, "c_act_power": 715.4, "c_aprt_power": 716.2, "c_pf": 0.99}
    | {"n_current": None, "total_current": 11.083, "total_act_power": 715.5, "total_aprt_power": 2619.9},
    "/rpc/EMData.GetStatus?id=0": {"id": 0}
    | {"a_total_act_energy": 1.0, "b_total_act_energy": 2.0, "c_total_act_energy": 3.0}
    | {"total_act": 4_567_890.12, "total_act_ret": 321.5},
}
SHELLY_PRO_EM: dict[str, Any] = {
    "/rpc/Shelly.GetDeviceInfo": _GEN2
    | {"id": "shellyproem50-ec62609110f8", "model": "SPEM-002CEBEU50", "app": "ProEM50"},
    "/rpc/EM1.GetStatus?id=1": {"id": 1, "current": 4.029, "voltage": 230.1, "act_power": -927.1}
    | {"aprt_power": 927.9, "pf": -1, "freq": 50.02, "calibration": "factory"},
    "/rpc/EM1Data.GetStatus?id=1": {"id": 1, "total_act_energy": 35.5, "total_act_ret_energy": 77_000.25},
}
HOMEWIZARD_P1: dict[str, Any] = {
    "/api": {"product_type": "HWE-P1", "product_name": "P1 meter", "serial": "3c39e7aabbcc"}
    | {"firmware_version": "4.19", "api_version": "v1"},
    "/api/v1/data": {"smr_version": 50, "meter_model": "ISKRA 2M550T-101", "active_tariff": 2}
    | {"total_power_import_kwh": 13_779.338, "total_power_export_kwh": 13_086.777}
    | {"active_power_w": -543, "active_power_l1_w": -676, "active_power_l2_w": 133, "active_power_l3_w": 0}
    | {"active_voltage_l1_v": 230.1, "active_current_l1_a": -3, "active_frequency_hz": 50},
}
GOE_CHARGER: dict[str, Any] = {
    "/api/status?filter=sse,typ,fwv,oem": {
        "sse": "223456",
        "typ": "go-eCharger_V4",
        "fwv": "60.3",
        "oem": "go-e",
    },
    "/api/status?filter=car,amp,frc,psm,nrg,eto,acu": {
        "car": 2,
        "amp": 16,
        "frc": 0,
        "psm": 0,
        "eto": 1_234_567,
        "acu": 16,
    }
    | {"nrg": [231, 230, 229, 2, 15.9, 15.8, 15.7, 3672.9, 3634, 3595.3, 0, 10_902.2, 100, 100, 100, 0]},
}
