"""Detections become incidents."""
