"""Simulation, training, benchmarks: imports anything, nothing imports it."""
