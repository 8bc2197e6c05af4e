"""Register images of charging stations, typed from the makers' tables and packed by struct alone.

Nothing here comes from the profiles or the decoder: the images are the independent side of every test. In each a car
charges with about 10 A, on three phases where the station has them.
"""

from dataclasses import dataclass, field

from tests.devices.images import Image, image, swapped, text, words


@dataclass(frozen=True, kw_only=True)
class Station:
    """What a station answers: holding and input registers, and coils."""

    holding: Image = field(default_factory=dict)
    input: Image = field(default_factory=dict)
    coils: dict[int, bool] = field(default_factory=dict)


def _keba(product: int, phases_code: int) -> Station:
    return Station(
        holding=image(
            {
                1000: words("I", 3),
                1004: words("III", 7, 0, 9_980),
                1010: words("IIIIII", 10_010, 9_990, 18_416_854, product, 50_990_336, 6_880_123),
                1036: words("I", 12_345_678),
                1040: words("III", 229, 230, 231),
                1100: words("I", 10_000),
                1110: words("I", 32_000),
                1500: words("II", 0, 54_321),
                1550: words("II", 3, phases_code),
                1600: words("II", 6_000, 0),
            }
        )
    )


def keba_p30() -> Station:
    """A P30 with the manual's own examples: serial 18416854, product 304111, firmware 50990336."""
    return _keba(304_111, 1)


def keba_p40() -> Station:
    """The same as a P40, which tells the number of its phases as it is."""
    return _keba(404_111, 3)


def goe_modbus() -> Station:
    """A go-e Charger at 10 A."""
    return Station(
        input=image(
            {
                100: [2, 20],
                105: [*text("56.2", 2), 0],
                108: words("III", 229, 230, 231),
                114: words("III", 99, 100, 101),
                120: words("I", 690_000),
                128: words("I", 12_345),
                132: words("I", 1_800_000),  # 18 MWs are 5 kWh
                146: words("III", 23, 23, 23),
                205: [0b111_111],  # all three before and behind the contactor
                304: text("CM03-1234567", 6),
            }
        ),
        holding={211: 16, 299: 10, 300: 16, 332: 2, 337: 2},
    )


def heidelberg_energy_control() -> Station:
    """An Energy Control on layout 1.0.8 at 10 A of its 16."""
    return Station(
        input=image(
            {
                4: [0x108, 7, 99, 100, 101, 325, 229, 230, 231, 1, 6900],
                15: words("II", 70_000, 1_234_567),
                100: [16, 6],
            }
        ),
        holding={257: 15_000, 258: 0, 259: 1, 261: 100, 262: 60},
    )


def _phoenix() -> dict[int, list[int]]:
    return {
        100: [ord("C")],
        108: swapped("I", 229) + swapped("I", 230) + swapped("I", 231),
        120: swapped("i", 6_900),
    }


def phoenix_ev_eth() -> Station:
    """An EM-CP-PP-ETH with a meter, at 10 A."""
    return Station(
        input=image({**_phoenix(), 105: [0x2E31, 0x3330], 904: swapped("I", 1_234_567)}),
        holding={528: 10},
        coils={400: True},
    )


def wallbe_eco() -> Station:
    """A Wallbe Eco 2.0, whose 528 counts tenths."""
    return Station(
        input=image({**_phoenix(), 2980: swapped("Q", 1_234_567), 3376: swapped("Q", 5_000)}),
        holding={528: 100},
        coils={400: True},
    )


def phoenix_charx() -> Station:
    """A CHARX SEC-3100 with a meter at its first charge point."""
    return Station(
        holding=image(
            {
                100: text("CHARX SEC-3100", 10),
                110: text("V1.5.0", 4),
                114: [1],
                1232: words("iiiiii", 229_000, 230_000, 231_000, 9_900, 10_000, 10_100),
                1244: words("i", 6_900_000),
                1250: words("q", 1_234_567),
                1289: words("I", 5_000),
                1299: [*text("C2", 1), 1, 10],
            }
        )
    )


def abb_terra_ac() -> Station:
    """A Terra AC of 32 A, limited to 10 A; C2 with the bit for "rated current" beside it."""
    return Station(
        holding=image(
            {
                0x4006: words("II", 32_000, 0),
                0x400A: words("I", 3),
                0x400C: [0x0000, 0x8400],
                0x400E: words("IIII", 10_000, 9_900, 10_000, 10_100),
                0x4016: words("IIII", 2_290, 2_300, 2_310, 6_900),
                0x401E: words("I", 5_000),
            }
        )
    )


def mennekes_compact() -> Station:
    """An Amtron Compact 2.0s on layout 1.0.3 at 10 A, with a fallback of 6 A."""
    return Station(
        holding=image(
            {
                0x0000: [0x0103, *text("1.10.3", 8)],
                0x0013: text("1313201205", 8),
                0x0100: [5, 1, 1, 1],
                0x0302: words("f", 10.0),
                0x0306: words("f", 16.0),
                0x030C: [2],
                0x0500: words("fff", 9.9, 10.0, 10.1),
                0x0506: words("fff", 229.0, 230.0, 231.0),
                0x050C: words("ffff", 2_267.1, 2_300.0, 2_332.9, 6_900.0),
                0x073A: [6],
                0x0B02: words("f", 5.0),
                0x0D00: [0],
                0x0D04: [0, 1],
                0x1000: words("f", 1_234.5),
            }
        )
    )


def mennekes_hcc3() -> Station:
    """An Amtron Xtra in C2 at 10 A."""
    name = [word >> 8 | (word & 0xFF) << 8 for word in text("AMTRON", 11)]
    return Station(
        input=image(
            {
                0x0302: [6],
                0x0308: [3],
                0x030B: swapped("I", 1_234_567),
                0x030D: swapped("I", 5_000),
                0x030F: swapped("I", 6_900),
                0x0311: name,
            }
        ),
        holding={0x0400: 10},
    )


def mennekes_professional() -> Station:
    """A station with a Bender controller and a meter, at 10 A."""
    return Station(
        holding=image(
            {
                100: text("5.22", 2),
                122: [3],
                142: text("Amtron Professional", 10),
                212: words("III", 9_900, 10_000, 10_100),
                218: words("II", 1_234_567, 6_900),
                222: words("III", 229, 230, 231),
                1000: [10],
            }
        )
    )


def openwb2() -> Station:
    """The first charge point of an openWB at 10 A."""
    return Station(
        input=image(
            {
                10100: words("iI", 6_900, 1_234_567),
                10104: words("HHH", 22_900, 23_000, 23_100),
                10107: words("hhh", 990, 1_000, 1_010),
                10114: [1, 1, 10],
            }
        )
    )


def webasto_next() -> Station:
    """A Next of 32 A that charges."""
    return Station(
        holding=image(
            {
                1000: [3, 1, 1],
                1004: [3],
                1008: [9_900, 0, 10_000, 0, 10_100],
                1020: words("I", 6_900),
                1024: words("I", 2_267),
                1028: words("I", 2_300),
                1032: words("I", 2_333),
                1036: words("I", 1_234_567),
                1104: [32],
                2000: [6],
                2002: [30],
            }
        )
    )


def webasto_unite() -> Station:
    """A Vestel EVC04 of 32 A that charges with 10 A."""
    return Station(
        input=image(
            {
                100: text("WSC04-0123456", 25),
                190: text("Webasto", 10),
                210: text("EVC04", 5),
                230: text("v3.156.0", 50),
                404: [1],
                1000: [2, 1, 1],
                1004: [3],
                1008: [9_900, 0, 10_000, 0, 10_100, 0, 229, 0, 230, 0, 231, 0],
                1020: words("I", 6_900),
                1024: words("I", 2_267),
                1028: words("I", 2_300),
                1032: words("I", 2_333),
                1104: [32],
                1106: [20],
                1502: words("I", 5_000),
            }
        ),
        holding={405: 1, 2000: 6, 2002: 20, 5004: 10, 6000: 0},
    )
