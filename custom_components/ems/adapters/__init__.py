"""The only rooms that know both sides: Home Assistant here, the engine and the devices there. Units change here."""
