"""A sum as what goes into it and how often: what cancels is not needed, and nothing counts twice unseen."""

from collections import Counter
from collections.abc import Iterable, Mapping

# Key of a meter, a device or an inverter → how often its power counts.
type Terms = Mapping[str, int]


def added(*sums: Terms) -> Terms:
    """Return the sum of sums; what cancels is gone."""
    total: Counter[str] = Counter()
    for terms in sums:
        total.update(terms)  # adds counts, negative ones too
    return {key: times for key, times in total.items() if times}


def times(factor: int, terms: Terms) -> Terms:
    """Return a multiple of a sum."""
    return {key: factor * count for key, count in terms.items()}


def less(terms: Terms, *others: Terms) -> Terms:
    """Return a sum less others."""
    return added(terms, *(times(-1, other) for other in others))


def valued(terms: Terms, known_w: Mapping[str, float | None]) -> tuple[float | None, tuple[str, ...]]:
    """Return the sum, None where a part of it is unknown, and which: half a sum misleads. [W]."""
    missing = tuple(key for key in terms if known_w.get(key) is None)
    if missing:
        return None, missing
    return sum(count * float(known_w[key] or 0.0) for key, count in terms.items()), ()


def without_repeats(keys: Iterable[str]) -> tuple[str, ...]:
    """Return keys in their order, each once."""
    return tuple(dict.fromkeys(keys))
