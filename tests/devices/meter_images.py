"""Register images of meters, typed from the makers' documents and packed by struct alone.

One home stands behind most of them: 1251.56 W drawn in total (or what the meter's resolution leaves of it) while L3
feeds in, so that a sign or a phase that is mixed up shows. Nothing here comes from the profiles or the decoder.
"""

from tests.devices.images import Image, image, swapped, text, words


def bytes_swapped(value: str, registers: int) -> list[int]:
    """Pack a text with the two bytes of each register the wrong way round."""
    return [(word & 0xFF) << 8 | word >> 8 for word in text(value, registers)]


def schneider_iem3000() -> Image:
    """An iEM3155. Addresses on the wire: the manual's number minus one. Powers in kW."""
    nan = words("I", 0xFFC00000)
    return image(
        {
            29: text("Energy Meter", 20),
            49: text("iEM3155", 20),
            69: text("Schneider Electric", 20),
            129: words("I", 12345678),
            2999: words("fff", 1.01, 6.12, 2.5),
            3005: nan + nan,
            3009: words("f", 3.21),
            3011: nan * 4,
            3019: words("fff", 398.5, 399.0, 399.5),
            3025: words("f", 399.0),
            3027: words("fff", 230.1, 229.9, 231.5),
            3033: nan,
            3035: words("f", 230.5),
            3037: nan * 8,
            3053: words("ffff", 0.2, 1.6, -0.54844, 1.25156),
            3061: nan * 3,
            3067: words("f", -0.12345),
            3069: nan * 3,
            3075: words("f", 1.26),
            3077: nan * 3,
            3083: words("f", 1.007),  # folded: 0.993 leading
            3085: nan * 12,
            3109: words("f", 49.98),
            3203: words("qq", 12_345_670, 890_120),
            3219: words("qq", 1000, 2000),
            45099: words("ff", 12_345_670.0, 890_120.0),
        }
    )


def gavazzi(fmt: str, *values: int) -> list[int]:
    """Pack integers one by one with the low word first, as Carlo Gavazzi does."""
    return [word for value in values for word in swapped(fmt, value)]


def carlo_gavazzi_em24() -> Image:
    """An EM24-DIN with RS-485."""
    return image(
        {
            0x00: gavazzi("i", 2301, 2299, 2315, 3985, 3990, 3995),
            0x0C: gavazzi("i", 1010, 6120, 2500),
            0x12: gavazzi("i", 2000, 16000, -5484),
            0x18: gavazzi("i", 2100, 16100, 5500, -100, -23, 0, 2305, 3990),
            0x28: gavazzi("i", 12516),
            0x2A: gavazzi("i", 12600, -123) + [0] * 4,
            0x32: words("hhhhhh", 1000, 987, -956, 993, 0, 500),
            0x38: gavazzi("i", 0, 0, 0, 0, 0),
            0x42: gavazzi("i", 123_457, 0, 41_000, 42_000, 40_457, 0),
            0x5C: gavazzi("i", 8901),
            0x1300: text("BX1234567", 7),
        }
    )


def carlo_gavazzi_em300() -> Image:
    """An EM340."""
    return image(
        {
            0x00: gavazzi("i", 2301, 2299, 2315, 3985, 3990, 3995),
            0x0C: gavazzi("i", 1010, 6120, 2500),
            0x12: gavazzi("i", 2000, 16000, -5484),
            0x18: gavazzi("i", 2100, 16100, 5500, -100, -23, 0, 2305, 3990),
            0x28: gavazzi("i", 12516, 12600, -123),
            0x2E: words("hhhhhh", 1000, 987, -956, 993, 0, 500),
            0x34: gavazzi("i", 123_457, 0, 5000, 9000, 0, 0),
            0x40: gavazzi("i", 41_000, 42_000, 40_457, 0, 0, 0, 0),
            0x4E: gavazzi("i", 8901),
            0x5000: text("BX7654321", 7),
        }
    )


def carlo_gavazzi_em100() -> Image:
    """An EM112 on one phase."""
    return image(
        {
            0x00: gavazzi("i", 2301, 5440, 12516, 12600, -1230, 5000, 9000),
            0x0E: words("hh", 993, 500),
            0x10: gavazzi("i", 123_457, 0, 0, 0, 0, 0, 0, 0),
            0x20: gavazzi("i", 8901),
            0x5000: text("BY0000042", 7),
        }
    )


def eastron_sdm630() -> tuple[Image, Image]:
    """An SDM630: input registers and the holding registers of its settings."""
    measured = image(
        {
            0x00: words("fff", 230.1, 229.9, 231.5),
            0x06: words("fff", 1.01, 6.12, 2.5),
            0x0C: words("fff", 200.0, 1600.0, -548.44),
            0x12: words("fff", 210.0, 1610.0, 550.0),
            0x18: words("fff", -100.0, -23.45, 0.0),
            0x1E: words("fff", 1.0, 0.987, -0.956),
            0x24: [0] * 16,
            0x34: words("f", 1251.56),
            0x36: [0, 0],
            0x38: words("f", 1260.0),
            0x3A: [0, 0],
            0x3C: words("ff", -123.45, 0.993),
            0x40: [0] * 6,
            0x46: words("fff", 49.98, 12345.67, 890.12),
            0x156: words("f", 13235.79),
        }
    )
    return measured, image({0x12: words("ff", 0.0, 1.0), 0x1C: words("f", 2.0)})


def eastron_sdm230() -> Image:
    """An SDM120: the input registers of one phase."""
    return image(
        {
            0x00: words("f", 230.1),
            0x02: [0] * 4,
            0x06: words("f", 5.44),
            0x08: [0] * 4,
            0x0C: words("f", 1251.56),
            0x0E: [0] * 10,
            0x18: words("f", -123.45),
            0x1A: [0] * 4,
            0x1E: words("f", 0.993),
            0x20: [0] * 38,
            0x46: words("fff", 49.98, 12345.67, 890.12),
            0x156: words("f", 13235.79),
        }
    )


def eastron_sdm72() -> tuple[Image, Image]:
    """An SDM72D-M of the first version: totals only, and its settings."""
    measured = image(
        {
            0x34: words("f", 1251.56),
            0x36: [0] * 18,
            0x48: words("ff", 12345.67, 890.12),
            0x156: words("f", 13235.79),
            0x500: words("ff", 1251.56, 0.0),
        }
    )
    return measured, image({0x12: words("ff", 0.0, 1.0), 0x1C: words("f", 2.0)})


def janitza_umg() -> Image:
    """A UMG 96RM by its block at 19000."""
    return image(
        {
            19000: words("ffffff", 230.1, 229.9, 231.5, 398.5, 399.0, 399.5),
            19012: words("ffff", 1.01, 6.12, 2.5, 0.3),
            19020: words("ffff", 200.0, 1600.0, -548.44, 1251.56),
            19028: words("ffff", 210.0, 1610.0, 550.0, 1260.0),
            19036: words("ffff", -100.0, -23.45, 0.0, -123.45),
            19044: words("ffff", 1.0, 0.987, -0.956, 49.98),
            19052: words("f", 1.0) + [0] * 6,
            19060: words("ffff", 11_455_550.0, 4_100_000.0, 4_200_000.0, 4_045_670.0),
            19068: words("f", 12_345_670.0),
            19070: words("fff", 300_000.0, 300_000.0, 290_120.0),
            19076: words("f", 890_120.0),
        }
    )


def janitza_umg604() -> Image:
    """A UMG 604 by its native block."""
    return image(
        {
            1317: words("ffff", 230.1, 229.9, 231.5, 0.0),
            1325: words("ffff", 1.01, 6.12, 2.5, 0.3),
            1333: words("ffff", 200.0, 1600.0, -548.44, 0.0),
            1341: [0] * 28,
            1369: words("f", 1251.56),
            1439: words("f", 49.98),
            9851: words("f", 12_345_670.0),
            9853: [0] * 10,
            9863: words("f", 890_120.0),
        }
    )


def siemens_pac2200() -> Image:
    """A PAC2200 on its second tariff at times. Every register from 1 to 70 belongs to a float."""
    return image(
        {
            1: words("ffffff", 230.1, 229.9, 231.5, 398.5, 399.0, 399.5),
            13: words("fff", 1.01, 6.12, 2.5),
            19: words("fff", 210.0, 1610.0, 550.0),
            25: words("fff", 200.0, 1600.0, -548.44),
            31: words("fff", -100.0, -23.45, 0.0),
            37: words("fff", 1.0, 0.987, -0.956),
            43: words("ffffff", 1.5, 1.6, 1.7, 8.1, 8.2, 8.3),  # distortions: 46 is the middle of one
            55: words("f", 49.98),
            57: words("fff", 230.5, 399.0, 3.21),
            63: words("ffff", 1260.0, 1251.56, -123.45, 0.993),
            801: words("dddd", 10_000_000.5, 2_345_669.5, 890_000.0, 120.0),
        }
    )


def siemens_pac1600() -> Image:
    """A PAC1600 (7KT1665)."""
    return image(
        {
            1: words("III", 23010, 22990, 23150),
            7: words("III", 10100, 61200, 25000),
            13: words("III", 39850, 39900, 39950),
            19: words("iii", 20000, 160000, -54844),
            25: words("iii", -10000, -2345, 0),
            49: words("iii", 4998, 23050, 39900),
            55: [0, 0],
            57: words("ii", 125156, -12345),
            6687: words("II", 12_345_670, 890_120),
        }
    )


def phoenix_eem_ma370() -> Image:
    """An EEM-MA370: floats with the low word first."""
    floats = [230.1, 229.9, 231.5, 49.98, 1.01, 6.12, 2.5, 0.3, 1251.56, -123.45, 1260.0, 0.993]
    return image(
        {
            0x8006: [word for value in floats for word in swapped("f", value)],
            0x801E: [word for value in (200.0, 1600.0, -548.44) for word in swapped("f", value)],
            0x803D: swapped("f", 230.5),
            0x8100: swapped("f", 12_345_670.0) + [0] * 4 + swapped("f", 890_120.0),
        }
    )


def phoenix_eem_ma600() -> Image:
    """An EEM-MA600: powers in steps of 10 W."""
    return image(
        {
            0xC558: words("IIII", 23010, 22990, 23150, 4998),
            0xC560: words("IIII", 1010, 6120, 2500, 300),
            0xC568: words("iiIi", 125, -12, 126, 993),
            0xC570: words("iii", 20, 160, -55),
        }
    )


def kostal_ksem() -> Image:
    """A KSEM without anything between the values its maker lists."""
    return image(
        {
            0: words("II", 12516, 0),
            26: words("I", 49980),
            40: words("II", 2000, 0),
            60: words("II", 1010, 230_100),
            80: words("II", 16000, 0),
            100: words("II", 6120, 229_900),
            120: words("II", 0, 5484),
            140: words("II", 2500, 231_500),
            512: words("QQ", 123_456_700, 8_901_200),
            8195: [0x0203],
            8196: text("TQ-Systems GmbH", 16),
            8212: text("KOSTAL Smart Energy Meter", 16),
            8228: text("72400123", 16),
        }
    )


def shelly_pro3em() -> Image:
    """A Shelly Pro 3EM: input registers, floats with the low word first, texts with swapped bytes."""

    def phase(volt: float, ampere: float, watt: float) -> list[int]:
        return [word for value in (volt, ampere, watt) for word in swapped("f", value)]

    return image(
        {
            0: bytes_swapped("A0DD6C4F21E8", 6),
            6: bytes_swapped("SPEM-003CEBEU", 10),
            1011: swapped("f", 9.63) + swapped("f", 1251.56) + swapped("f", 1260.0),
            1020: phase(230.1, 1.01, 200.0),
            1040: phase(229.9, 6.12, 1600.0),
            1060: phase(231.5, 2.5, -548.44),
            1160: words("I", 1_700_000_000),
            1162: swapped("f", 12_345_670.0) + swapped("f", 890_120.0),
        }
    )


def _chain(start: int, *models: list[int]) -> Image:
    marker = [0x5375, 0x6E53]
    return image({start: [*marker, *(word for block in models for word in block), 0xFFFF, 0]})


def _common() -> list[int]:
    maker, model, firmware = text("Meterworks", 16), text("MW-3", 16), text("2.1", 8)
    return [1, 66, *maker, *model, *[0] * 8, *firmware, *text("S0042", 16), 1, 0x8000]


def sunspec_integer(start: int = 40000) -> Image:
    """A SunSpec meter, model 203: integers with scale factors, behind a model that nobody asked for."""
    block = [203, 105]
    block += words("hhhhh", 963, 101, 612, 250, -2)
    block += words("hhhhhhhhh", 2305, 2301, 2299, 2315, 3990, 3985, 3990, 3995, -1)
    block += words("hh", 4998, -2)
    block += words("hhhhh", 12516, 2000, 16000, -5484, -1)
    block += words("hhhhh", 126, 21, 161, 55, 1)
    block += words("hhhhh", -123, -100, -23, 0, 0)
    block += words("hhhhh", 993, 1000, 987, -956, -3)
    block += words("IIII", 89012, 0, 0, 0) + words("IIII", 1234567, 0, 0, 0)
    block += words("h", 1)
    block += [0] * (107 - len(block))
    return _chain(start, _common(), [64110, 3, 1, 2, 3], block)


def sunspec_float(start: int = 50000) -> Image:
    """The same meter as model 213: floats."""
    block = [213, 124]
    block += words("ffff", 9.63, 1.01, 6.12, 2.5)
    block += words("ffffffff", 230.5, 230.1, 229.9, 231.5, 399.0, 398.5, 399.0, 399.5)
    block += words("f", 49.98)
    block += words("ffff", 1251.6, 200.0, 1600.0, -548.4)
    block += words("ffff", 1260.0, 210.0, 1610.0, 550.0)
    block += words("ffff", -123.0, -100.0, -23.0, 0.0)
    block += words("ffff", 0.993, 1.0, 0.987, -0.956)
    block += words("ffff", 890_120.0, 0.0, 0.0, 0.0) + words("ffff", 12_345_670.0, 0.0, 0.0, 0.0)
    block += [0] * (126 - len(block))
    return _chain(start, _common(), block)
