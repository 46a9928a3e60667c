"""When a node that starts, or wakes, knows enough to file: before, it would take what others filed long ago for new."""


class Settling:
    """Whether this node has heard enough to file: what a first neighbour had, or nobody was there to be heard.

    A node that slept (a suspended machine, a stopped process) has missed as much as one that was not there: it settles
    anew. Whoever says again and again that it is `awake` is found to have slept when that was long ago.
    """

    ALONE = 60.0  # seconds without any neighbour
    LONGEST = 120.0  # seconds after start, whatever happens
    SLEPT = 60.0  # seconds without being awake; far longer than it takes to say so again under load
    STALE = 5.0  # seconds after waking in which a comparison that ends may have begun before the sleep

    def __init__(self, started: float) -> None:
        self._started = started
        self._met = False
        self._pulled = False
        self._awake: float | None = None
        self._stale = False

    def awake(self, elapsed: float) -> None:
        """Said several times a minute by who wants to be found out."""
        self._heed(elapsed)
        self._awake = elapsed
        self._stale = self._stale and elapsed - self._started < self.STALE

    def _heed(self, elapsed: float) -> None:
        if self._awake is not None and elapsed - self._awake > self.SLEPT:
            self._started = self._awake = elapsed
            self._pulled, self._stale = False, True

    def met(self) -> None:
        """A neighbour is connected."""
        self._met = True

    def pulled(self) -> None:
        """All that a neighbour's digest named has been fetched."""
        self._pulled = self._pulled or not self._stale

    def settled(self, elapsed: float) -> bool:
        self._heed(elapsed)
        after = elapsed - self._started
        return self._pulled or after >= self.LONGEST or (not self._met and after >= self.ALONE)
