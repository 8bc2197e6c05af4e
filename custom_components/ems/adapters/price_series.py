class ParsedPrices:
    pass


class PriceParseError(Exception):
    pass


def parse_prices(*a, **k):
    pass
