"""Adapters: the only rooms that know both sides, Home Assistant's shapes and units and the engine's nouns."""
