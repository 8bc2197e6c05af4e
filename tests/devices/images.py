"""Register images of the three devices, typed from the makers' documents and packed by struct alone.

Nothing here comes from the profiles or the decoder: the images are the independent side of every test.
"""

import struct

type Image = dict[int, int]


def words(fmt: str, *values: float) -> list[int]:
    """Pack values big-endian and cut them into 16-bit words, as a device does."""
    raw = struct.pack(f">{fmt}", *values)
    return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]


def swapped(fmt: str, value: float) -> list[int]:
    """Pack one value with its least significant word first."""
    return words(fmt, value)[::-1]


def text(value: str, registers: int) -> list[int]:
    """Pack a text, padded with zeros."""
    raw = value.encode("ascii").ljust(2 * registers, b"\0")
    return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]


def image(blocks: dict[int, list[int]]) -> Image:
    """Lay blocks out by address."""
    return {start + n: word for start, block in blocks.items() for n, word in enumerate(block)}


def abb_b23() -> Image:
    """An ABB B23 that imports 1251.56 W (the manual's own example) while L3 exports."""
    return image(
        {
            0x5000: words("QQ", 1234567, 89012),  # 12345.67 kWh in, 890.12 kWh out
            0x5B00: words("III", 2301, 2299, 2315),
            0x5B0C: words("III", 0x65, 612, 250),  # 1.01 A, the manual's other example
            0x5B12: words("I", 0xFFFFFFFF),  # no neutral measurement
            0x5B14: words("iiii", 0x1E8E4, 20000, 160000, -54844),
            0x5B1C: words("iiii", -12345, 0, 0, 0),
            0x5B24: words("iiii", 126000, 0, 0, 0),
            0x5B2C: words("H", 4998),
            0x5B2D: [0x7FFF] * 13,  # phase angles and quadrants, not on this model
            0x5B3A: words("hhhh", 993, 1000, 987, -956),
            0x8900: words("I", 12345678),
            0x8908: text("B1.23.4", 8),
            0x8960: text("B23 112-100", 6),
        }
    )


def solaredge(*, battery: bool = True, meter: bool = True) -> Image:
    """A SolarEdge inverter: 3521 W AC, the battery charges with 1000 W, 2.5 kW go to the grid."""
    blocks = {
        40000: [0x5375, 0x6E53, 1, 65],
        40004: text("SolarEdge ", 16),
        40020: text("SE10K-RWS48BEN4", 16),
        40044: text("0004.0018.0518", 8),
        40052: text("7E1234AB", 16),
        40068: [1],
        40069: [103, 50],
        40071: words("HHHHh", 1530, 510, 511, 509, -2),
        40076: words("HHHHHHh", 3985, 3990, 3992, 2301, 2302, 2303, -1),
        40083: words("hh", 3521, 0),
        40085: words("Hh", 5001, -2),
        40087: [0] * 6,
        40093: words("Ih", 1234567, 1),  # 12 345 670 Wh
        40096: [0] * 4,
        40100: words("hh", 362, 1),  # 3620 W at the DC input
        40102: [0] * 5,
        40107: [4],
        40108: [0] * 13,
        0xE004: [4, 1],
        0xE006: [*swapped("f", 0.0), *swapped("f", 10.0)],
        0xE00A: [0],
        0xE00B: swapped("I", 3600),
        0xE00D: [7],
        0xE00E: [*swapped("f", 5000.0), *swapped("f", 5000.0)],
    }
    if battery:
        blocks |= {
            0xE142: [*swapped("f", 9700.0), *swapped("f", 5000.0), *swapped("f", 5000.0)],
            0xE16C: [*swapped("f", 23.5), *[0] * 6, *swapped("f", 1000.0)],
            0xE176: [*swapped("Q", 2_500_000), *swapped("Q", 3_000_000)],
            0xE17E: [0] * 6,
            0xE184: [*swapped("f", 61.5), *swapped("I", 3)],
        }
    if meter:
        blocks |= {
            40121: [1, 65, *text("WattNode", 16), *[0] * 49],
            40188: [203, 105],
            40190: words("hhhhh", 109, 36, 37, 36, -1),
            40195: words("hhhhhhhhh", 2302, 2301, 2302, 2303, 3990, 3990, 3991, 3992, -1),
            40204: words("hh", 4999, -2),
            40206: words("hhhhh", 2500, 800, 850, 850, 0),
            40211: [0] * 15,
            40226: words("I", 700_000),
            40228: [0] * 6,
            40234: words("I", 300_000),
            40236: [0] * 6,
            40242: words("h", 1),
        }
    return image(blocks)


def alfen_socket() -> Image:
    """An Alfen socket that charges a car with 3 × 10 A."""
    return image(
        {
            300: [1, 0, 0, 0, 210, 0],
            306: words("ffffff", 230.1, 229.8, 231.0, 398.0, 399.0, 400.0),
            318: words("fffff", 0.0, 10.0, 10.1, 9.9, 30.0),
            328: words("fffff", 1.0, 1.0, 1.0, 1.0, 50.01),
            338: words("ffff", 2301.0, 2321.0, 2287.0, 6909.0),
            346: [0] * 28,
            374: words("dd", 1_234_567.5, 0.0),
            1200: [1, *text("C2", 5)],
            1206: words("f", 10.0),
            1208: words("I", 42),
            1210: words("ff", 10.0, 6.0),
            1214: [1, 3],
        }
    )


def alfen_station() -> Image:
    """The station around that socket (unit 200)."""
    return image(
        {
            100: text("ALF_1000", 17),
            117: text("Alfen NV", 5),
            122: [1],
            123: text("6.4.0-4210", 17),
            140: text("NG910", 17),
            157: text("ACE0123456", 11),
        }
    )
