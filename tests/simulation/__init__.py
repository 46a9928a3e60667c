"""The domain code of a fleet in one process: virtual clock, virtual disks, a virtual GitHub, one seed for one run."""
