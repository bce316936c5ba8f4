"""Read models as pages and JSON; no decisions."""
