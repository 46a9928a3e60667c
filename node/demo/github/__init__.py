"""The GitHub stand-in."""
