"""A real node of a fleet that is spread from four nodes on, two keepers each: `python -m tests.fleet.spread_node …`."""

import sys

from aggregator import keepers, presence, settling
from node import __main__ as foreground
from node import keeping

if __name__ == "__main__":
    keepers.KEEPERS = 2
    keepers.SPREAD_ABOVE, keepers.GATHER_BELOW = 3, 1
    keepers.SOONEST = 1.0
    settling.Settling.LONGEST = 10.0  # seconds, should both keepers be new when the fleet spreads
    presence.SHORTEST = 1.0  # so that who was killed is away after three seconds
    keeping.LOOK = 0.5
    sys.exit(foreground.main())
