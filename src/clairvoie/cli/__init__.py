"""The command line: parses, dispatches, prints."""
