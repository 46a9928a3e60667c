"""Report errors to the node of this machine. A worker needs `install()`; the rest loads when it is used."""
