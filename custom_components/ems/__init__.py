"""EMS: an energy management system that lives inside Home Assistant."""

from importlib.util import find_spec

# The engine, the device layer and the demo home are of use without Home Assistant: in a notebook, a benchmark,
# or the simulator as a process of its own. Inside Home Assistant the first branch is the only one.
if find_spec("homeassistant") is not None:
    pass
