"""Randomness with random access: a pure function of (seed, channel, time), so that a restart changes nothing.

An ordinary generator has to be run from the beginning to know what the weather is today. Here every value is
hashed from its own coordinates instead; smooth noise lies between such values.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

type Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _hash(seed: int, channel: int, index: ArrayLike) -> NDArray[np.uint64]:
    """Return 64 well mixed bits per index.

    SplitMix64's finaliser: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators",
    OOPSLA 2014. Arithmetic wraps on purpose.
    """
    key = np.uint64((seed * 0xD1342543DE82EF95 + channel * 0x2545F4914F6CDD1D) & 0xFFFFFFFFFFFFFFFF)
    x = np.atleast_1d(np.asarray(index, dtype=np.int64)).astype(np.uint64) * _GOLDEN + key
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def uniform(seed: int, channel: int, index: ArrayLike) -> Floats:
    """Return numbers in (0, 1), one per index, shape (n,)."""
    return ((_hash(seed, channel, index) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def gaussian(seed: int, channel: int, index: ArrayLike) -> Floats:
    """Return standard normal numbers, one per index, shape (n,) (Box and Muller 1958)."""
    at = 2 * np.atleast_1d(np.asarray(index, dtype=np.int64))
    radius = np.sqrt(-2 * np.log(uniform(seed, channel, at)))
    return np.asarray(radius * np.cos(2 * np.pi * uniform(seed, channel, at + 1)))


def smooth(seed: int, channel: int, at_s: ArrayLike, period_s: float) -> Floats:
    """Return smooth noise, standard normal at every instant, that forgets itself within about a period.

    Neighbouring lattice values are blended with weights 1 - w and w, and the blend is divided by its own
    standard deviation: without that, noise would be calmer between the lattice points than on them.
    """
    position = np.atleast_1d(np.asarray(at_s, dtype=np.float64)) / period_s
    left = np.floor(position)
    w = position - left
    w = w * w * (3 - 2 * w)
    blend = (1 - w) * gaussian(seed, channel, left) + w * gaussian(seed, channel, left + 1)
    return np.asarray(blend / np.hypot(1 - w, w))


def to_uniform(z: Floats) -> Floats:
    """Return the standard normal distribution function of `z`, within 2e-4.

    S. Bowling et al., "A logistic approximation to the cumulative normal distribution", JIEM 2(1), 2009.
    """
    return np.asarray(1 / (1 + np.exp(-(1.5976 * z + 0.07056 * z**3))))
