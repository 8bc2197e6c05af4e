"""Drives a real Home Assistant from outside: start, log in, flows, actions, dashboards, screenshots, stop.

Used by `script/demo` and by `tests/e2e`. It speaks what a browser speaks (REST and websocket) and imports
nothing of Home Assistant or of EMS, so that what works here works for a user.
"""
