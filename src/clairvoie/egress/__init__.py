"""The only door: what a sensor releases, and how it reaches the hub."""
