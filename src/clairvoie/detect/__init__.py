"""Pure rooms of measurement: blocks and pictures become observations and detections."""
