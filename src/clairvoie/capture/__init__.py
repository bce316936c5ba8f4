"""Where raw sound and pictures exist: no network of its own, no disk writes."""
