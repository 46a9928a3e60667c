"""Filing anew: the generation of all that an issue is about is raised, so that it is due again.

Of a root that was never filed anew the book may have no room to say so. That is the end of it, with this reason, until
something else happens to the root: trying again at once would find the same. Such roots go first, so that either all
are raised, or the generation of none is raised again and again beside one that cannot be.
"""

from aggregator.filing.calls import Rule, Steps, ask
from aggregator.filing.case import Case


def raise_generations(case: Case) -> Steps[None]:
    """Make the rulings. Raises `Rejected(Reason.BOOK_FULL)`."""
    bundle = case.bundle
    for root in sorted(bundle.roots, key=lambda each: (bundle.generation_of(each) > 0, each)):
        yield from ask(Rule("generation", root, bundle.generation_of(root) + 1))
