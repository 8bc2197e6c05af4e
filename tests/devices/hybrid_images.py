"""Register images of hybrid inverters, typed from the makers' tables and packed by struct alone.

Nothing here comes from the profiles or the decoder: the images are the independent side of every test. Each tells
one story with round numbers: what the sun gives, what the battery takes or gives, what flows at the grid.
"""

from dataclasses import dataclass, field

from tests.devices.images import Image, image, swapped, text, words


@dataclass(frozen=True, kw_only=True)
class Device:
    """What a device answers in both spaces."""

    holding: Image = field(default_factory=dict)
    input: Image = field(default_factory=dict)


NAN_S32 = [0x8000, 0]
NAN_U32 = [0xFFFF, 0xFFFF]


def sma_smart_energy() -> Device:
    """STP10.0-3SE: 3 kW of sun on string A, nothing on B, no string C; 1200 W into the battery, 1500 W exported."""
    return Device(
        holding=image({}),
        input=image(
            {
                30051: words("IIIII", 8009, 19051, 461, 3012345678, 0x03011400),
                30231: words("I", 10_000),
                30581: words("II", 4_500_000, 9_100_000),
                30773: words("i", 3000) + words("i", 1700),
                30845: words("I", 57),
                30865: NAN_S32 + words("i", 1500),
                30961: NAN_S32,
                30967: NAN_S32,
                31259: words("III", 700, 900, 0) + words("III", 0, 0, 100),
                31393: words("II", 1200, 0) + words("QQ", 1_000_000, 900_000),
                31435: words("iii", 3100, 4000, 500),
            }
        ),
    )


def victron_gx() -> Device:
    """A GX on three phases: 2.4 kW of AC-coupled and 1.1 kW of DC-coupled sun, 900 W into the battery."""
    return Device(
        holding=image(
            {
                800: text("c0619ab12345", 6),
                808: words("HHHHHH", 400, 0, 0, 1000, 1000, 0),
                820: words("hhh", -1200, 300, 200),
                840: [*words("Hhh", 5120, 176, 900), 81, 1],
                850: words("H", 1100),
                2700: words("h", 30),
                2704: words("h", -1),
                2901: words("HH", 200, 1),
            }
        )
    )


def huawei_sun2000() -> Device:
    """SUN2000-10KTL-M1: 6 kW of sun, 2.5 kW into the battery, 1 kW exported."""
    return Device(
        holding=image(
            {
                30000: text("SUN2000-10KTL-M1", 15),
                30015: text("HV2140012345", 10),
                30050: text("V100R001C00SPC152", 15),
                32064: words("i", 6000),
                32080: words("i", 3400),
                32108: words("I", 1234567),
                37046: words("II", 5000, 5000),
                37100: [1],
                37101: words("iii", 2301, 2302, 2303),
                37107: words("iii", 145, 150, 140),
                37113: words("i", 1000),
                37118: words("h", 5001),
                37119: words("ii", 700_000, 300_000),
                37132: words("iii", 340, 350, 310),
                37758: [*words("I", 10_000), 655],
                37765: words("i", 2500),
                37780: words("II", 250_000, 240_000),
                47075: words("II", 5000, 5000),
                47083: [0],
                47087: [1],
                47100: [0],
                47246: [0, *words("II", 0, 0)],
            }
        )
    )


def sungrow_sh() -> Device:
    """SH10RT: 4 kW of sun, the battery gives 500 W, 3.2 kW exported."""
    return Device(
        input=image(
            {
                4989: [*text("A2290012345", 10), 0x0E03],
                5016: swapped("I", 4000) + words("HHH", 2310, 2320, 2330),
                5213: swapped("i", 500),
                5602: swapped("i", -1000) + swapped("i", -1100) + swapped("i", -1100),
                5627: [100],
                13002: swapped("I", 123456),
                13009: swapped("i", 3200),
                13022: words("H", 734),
                13026: swapped("I", 5000),
                13033: swapped("i", 4400),
                13036: swapped("I", 20000),
                13040: swapped("I", 5600),
                13045: swapped("I", 40000),
            }
        ),
        holding=image({13049: [0, 0xCC, 0], 13057: words("HH", 1000, 50), 33046: words("HH", 1000, 1000)}),
    )


def goodwe_et() -> Device:
    """GW10K-ET: 2 and 1.5 kW of sun on two strings, the others not connected; 700 W into the battery."""
    return Device(
        holding=image(
            {
                35001: words("H", 10_000),
                35003: text("9010KETU224W0123", 8) + text("GW10K-ET", 5),
                35105: words("I", 2000),
                35109: words("I", 1500),
                35113: NAN_U32,
                35117: NAN_U32,
                35138: words("h", 2800),
                35182: words("i", -700),
                35191: words("I", 98765),
                35206: words("I", 4321),
                35209: words("I", 4000),
                36015: words("ff", 7_000_000.0, 3_000_000.0),
                36019: words("iiii", 500, 600, 700, 1800),
                36052: words("HHHHHH", 2301, 2302, 2303, 22, 26, 30),
                37007: [48],
                47511: [1, 0],
            }
        )
    )


def growatt_tlxh() -> Device:
    """MIN 6000TL-XH: 2 and 1.2 kW of sun, 800 W into the battery, 300 W imported."""
    strings = {3005 + 4 * n: words("I", 10 * watts) for n, watts in enumerate((2000, 1200, 0, 0))}
    return Device(
        holding=image(
            {
                30000: [5100, *text("TLX1234567", 15)],
                30026: words("I", 50_000),
                30099: [201, 0],
                30407: [0, 0, 0, 1],
            }
        ),
        input=image(
            strings
            | {
                3041: words("II", 3000, 0),
                3053: words("I", 65432),
                3069: words("I", 11111),
                3073: words("I", 22222),
                3127: words("I", 333),
                3131: words("I", 444),
                3144: [1],
                3171: [66],
                3178: words("II", 0, 8000),
            }
        ),
    )


def growatt_sph() -> Device:
    """SPH 5000: 1 kW of sun, the battery gives 600 W, 250 W exported."""
    return Device(
        holding=image(
            {
                6: words("I", 50_000),
                9: text("RA1.0Z", 3),
                23: text("SPH0123456", 5),
                43: [3502],
                1070: [100, 10],
                1080: [0, 5947, 0],
                1090: [100, 100, 0],
                1100: [0, 5947, 0],
            }
        ),
        input=image(
            {
                1: words("I", 10_000),
                91: words("I", 77777),
                1009: words("II", 6000, 0),
                1014: [43],
                1021: words("I", 0),
                1029: words("I", 2500),
                1046: words("I", 12_000),
                1050: words("I", 15_000),
                1054: words("I", 3000),
                1058: words("I", 3300),
            }
        ),
    )


def deye_lp3() -> Device:
    """SUN-12K-SG04LP3: 3 and 2 kW of sun, the battery gives 400 W, 4.5 kW exported."""
    return Device(
        holding=image(
            {
                0: [5, 1, 0x0104, *text("2212345678", 5)],
                109: [185],
                127: [30, 40],
                130: [0],
                146: [0xFF],
                219: [150],
                516: swapped("I", 12_345) + swapped("I", 11_111),
                522: swapped("I", 54_321) + swapped("I", 98_765),
                534: swapped("I", 200_000),
                587: [5250, 71],
                590: words("h", 400),
                598: words("HHH", 2301, 2311, 2321),
                613: words("hhh", -640, -650, -660),
                622: words("hhhh", -1500, -1500, -1500, -4500),
                672: words("HHHH", 3000, 2000, 0, 0),
            }
        )
    )


def deye_lp1() -> Device:
    """SUN-5K-SG03LP1: 1.8 kW of sun, 1 kW into the battery, 120 W imported."""
    return Device(
        holding=image(
            {
                0: [3, 1, 0x0104, *text("2112345678", 5)],
                72: swapped("I", 70_000) + swapped("I", 65_000),
                78: [0xFFFF, 5002, 3],
                81: swapped("I", 123_456),
                96: swapped("I", 150_000),
                150: [2305],
                160: words("h", 52),
                169: words("h", 120),
                184: [88],
                186: words("HHHH", 1000, 800, 0, 0),
                190: words("h", -1000),
            }
        )
    )


def kostal_plenticore() -> Device:
    """Plenticore plus 10: 4 kW of sun on two strings, the battery gives 350 W, 2.1 kW exported."""
    return Device(
        holding=image(
            {
                5: [0],
                14: text("90123ABC00012", 8),
                224: swapped("f", -700.0),
                234: swapped("f", -600.0),
                244: swapped("f", -800.0),
                252: swapped("f", -2100.0),
                514: [64],
                582: words("h", 350),
                768: text("PLENTICORE plus", 32),
                1034: swapped("f", 0.0),
                1038: swapped("f", 5000.0),
                1040: swapped("f", 5000.0),
                1056: swapped("f", 12_500_000.0),
                1068: swapped("f", 10_200.0),
                1076: swapped("f", 5000.0),
                1078: swapped("f", 4500.0),
                1080: [2],
                40000: [0x5375, 0x6E53, 1, 2, 0, 0, 160, 48],
                # Model 160 at 40006: scale factors of A, V, W, Wh at 2 to 5, two modules of twenty behind 10.
                40008: words("hhhh", -2, -1, -1, 0),
                40014: [2],
                40027: [25_000],
                40047: [15_000],
                40056: [0xFFFF, 0],
            }
        )
    )


def e3dc() -> Device:
    """S10 E: 3.3 kW of sun on the roof and 700 W by an older inverter, 1.9 kW into the battery, 100 W imported."""
    return Device(
        holding=image(
            {
                40000: [0xE3DC, 0x0100, 84],
                40003: text("HagerEnergy GmbH", 16),
                40019: text("S10 E AIO", 16),
                40035: text("S10-123456789012", 16),
                40051: text("S10_2024_02", 16),
                40067: swapped("i", 3300)
                + swapped("i", 1900)
                + swapped("i", 2200)
                + swapped("i", 100)
                + swapped("i", -700),
                40082: [53],
            }
        )
    )


def _model(number: int, length: int, at: dict[int, list[int]]) -> list[int]:
    """Return one SunSpec model: number, length, and words at the standard's offsets; zeros elsewhere."""
    block = [number, length, *[0] * length]
    for offset, run in at.items():
        block[offset : offset + len(run)] = run
    return block


def _chain(*models: list[int]) -> Image:
    return image({40000: [0x5375, 0x6E53, *(word for block in models for word in block), 0xFFFF, 0]})


def _common(maker: str, model: str, serial: str) -> list[int]:
    return _model(
        1, 66, {2: text(maker, 16), 18: text(model, 16), 42: text("1.30.7-1", 8), 50: text(serial, 16)}
    )


def _limiting() -> tuple[list[int], list[int]]:
    """Models 121 and 123: 10 kW, percent in hundredths, nothing limited."""
    return _model(121, 30, {2: [1000], 22: words("h", 1)}), _model(
        123, 24, {5: [10_000], 23: words("hh", -2, 0)}
    )


def fronius_gen24(*, floats: bool = False) -> Device:
    """GEN24 10.0 Plus: 2.5 and 1.5 kW of sun, 1.2 kW into the battery."""
    if floats:
        inverter = _model(113, 60, {22: words("ff", 2800.0, 50.02)})
    else:
        inverter = _model(103, 50, {14: words("hh", 2800, 0), 16: words("Hh", 5002, -2)})
    strings = {
        2: words("hhhh", -2, -1, -1, 0),
        8: [4],
        21: [25_000, *words("I", 7_000_000)],
        41: [15_000, *words("I", 5_000_000)],
        61: [12_000, *words("I", 900_000)],
        81: [0, *words("I", 800_000)],
    }
    storage = {
        2: [5000],
        5: [0],
        8: [6250],
        12: [10_000, 10_000],
        18: words("h", 0),
        22: words("h", -2),
        25: words("h", -2),
    }
    return Device(
        holding=_chain(
            _common("Fronius", "Symo GEN24 10.0 Plus", "34119102"),
            inverter,
            *_limiting(),
            _model(160, 88, strings),
            _model(124, 24, storage),
        )
    )


def sunspec_inverter(*, floats: bool = False) -> Device:
    """A solar inverter of any maker: 3.6 kW."""
    if floats:
        block = {
            16: words("fff", 230.1, 230.2, 230.3),
            22: words("ff", 3600.0, 49.99),
            32: words("f", 8_000_000.0),
        }
        inverter = _model(112, 60, block)
    else:
        block = {
            10: words("HHHh", 2301, 2302, 2303, -1),
            14: words("hhHh", 360, 1, 4999, -2),
            24: words("Ih", 8000, 3),
        }
        inverter = _model(101, 50, block)
    return Device(holding=_chain(_common("Sunworks", "SW-5", "SW0815"), inverter, *_limiting()))


def sunspec_battery() -> Device:
    """A battery of any maker: 1.5 kW out of it, 10 kWh, 5 kW either way."""
    rated = {
        3: [1000, 500, 500],
        11: [555],
        47: words("h", 1500),
        53: words("hh", 1, 1),
        56: words("h", -1),
        63: words("h", 0),
    }
    return Device(holding=_chain(_common("Cellworks", "CW-10", "CW4711"), _model(802, 62, rated)))
