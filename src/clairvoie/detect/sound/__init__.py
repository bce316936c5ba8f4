"""Sound: weighting, levels, bands, indicators, spectra, tagging, onsets."""
