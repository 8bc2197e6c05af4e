"""The true register maps of the simulated devices, written from the makers' documents."""
