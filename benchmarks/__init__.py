"""Measurements behind `script/bench`. They measure; tests judge."""
