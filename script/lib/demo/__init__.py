"""What `script/demo` does: a simulated home as a process of its own, and a Home Assistant that steers it."""
