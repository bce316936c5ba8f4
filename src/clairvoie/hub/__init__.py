"""Detections become incidents: signed records are judged, stored exactly once, and grouped for a person to decide.

Data passes through ``receiving`` (bytes from a node), ``ingest`` (is this record to be believed?), ``store`` with its
``writer`` (kept exactly once), ``incidents`` (what belongs together), and leaves through ``desk``.
"""
