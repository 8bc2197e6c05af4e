"""The demo home's physics and EMS' real time in one loop, without sockets and without Home Assistant's own clock.

What is real: the home (`demo`), its devices' answers and faults (`demo.Direct`), the guard (`engine.control.decide`),
the planner, and between them the adapters and the dispatcher that run in Home Assistant. What stands in: the links to
the devices (`devices`), the event loop (`ems`: whatever is written goes out a second after it was decided), the files.
"""
