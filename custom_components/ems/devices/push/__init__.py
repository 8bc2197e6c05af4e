"""Devices that post their readings themselves: what they may say, and what becomes of it. Pure; clocks are given."""

from .inbox import PushInbox
from .keys import Key, hash_of, is_key, new_key, new_key_id
from .rate import Bucket, take_token
from .refusal import PushRefusedError, Refusal
from .report import Report, parse_report
from .setup import EnergyKind, PushSetup
from .state import PushState

__all__ = [
    "Bucket",
    "EnergyKind",
    "Key",
    "PushInbox",
    "PushRefusedError",
    "PushSetup",
    "PushState",
    "Refusal",
    "Report",
    "hash_of",
    "is_key",
    "new_key",
    "new_key_id",
    "parse_report",
    "take_token",
]
