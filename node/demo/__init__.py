"""A fleet on one laptop: what `aggregator demo` starts, and the GitHub stand-in it files to."""
