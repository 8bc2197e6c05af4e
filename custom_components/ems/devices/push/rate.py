"""A token bucket: bursts are fine, a stream is not."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """What is left, and when that was counted. The clock may be any that does not run backwards."""

    tokens: float
    at_s: float


def take_token(
    bucket: Bucket | None, now_s: float, *, size: float, per_s: float
) -> tuple[Bucket, float | None]:
    """Return the bucket after a request, and how long to wait where there was no token left. [s].

    tokens(t) = min(size, tokens(t₀) + per_s · (t − t₀)). A bucket that was never used is full.
    """
    if bucket is None:
        bucket = Bucket(tokens=size, at_s=now_s)
    tokens = min(size, bucket.tokens + per_s * max(0.0, now_s - bucket.at_s))
    if tokens < 1:
        return Bucket(tokens=tokens, at_s=now_s), (1 - tokens) / per_s
    return Bucket(tokens=tokens - 1, at_s=now_s), None
