"""The demo home and the guard in one loop, for days."""
