"""Devices: protocols and profiles. They speak W, Wh, V, A and know neither Home Assistant nor the planner."""
