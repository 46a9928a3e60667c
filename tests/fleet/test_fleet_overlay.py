"""Eight nodes that know one seed: what is counted anywhere is seen everywhere, also after the seed died."""

from pathlib import Path

from tests.fleet.fleet import PATIENCE, fleet, name, together
from tests.fleet.founding import NAMES, Founded
from tests.sender import error
from tests.stage.standin import Hub

SEED, *OTHERS = NAMES


async def test_eight_nodes_that_know_one_seed_hear_of_each_other_also_when_it_is_dead_and_back(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    async with fleet(founded, hub, tmp_path, *NAMES) as some:
        await some.linked()
        await together(lambda each: some[each].report(error(NAMES.index(each))), NAMES)
        expected = {name(n): 1 for n in range(len(NAMES))}
        await some.agree(expected)

        some[SEED].kill()
        await together(lambda each: some[each].report(error(NAMES.index(each))), OTHERS)
        expected |= {name(NAMES.index(each)): 2 for each in OTHERS}
        await some.agree(expected)

        await some.start(SEED)
        await some[SEED].report(error(0))
        await some.agree(expected | {name(0): 2}, within=PATIENCE)
