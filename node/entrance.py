"""How `join` is let in at once: the new node shows its invitation to the members that answered, one after the other.

Only to be sure that it is worth something: a node that finds nobody now is let in by the first member it meets when it
runs. Who is refused for a reason that will stay is told so here, where somebody can ask for another invitation.
"""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from aggregator import __version__
from aggregator.hello import PROTOCOL, Hello, read_hello, refusal
from aggregator.member import Member, read_chain
from aggregator.reason import Reason
from node.fleet import FleetError

Ask = Callable[[str, str, bytes], Awaitable[bytes]]  # (address, protocol, question); raises OSError or NetworkError


async def ask_to_be_let_in(asking: Member, length: int, addresses: Sequence[str], ask: Ask) -> Member:
    """The chain by which a member let this node in, or what it had. Raises `FleetError` when it is refused."""
    question = msgspec.msgpack.encode(Hello(msgspec.msgpack.encode(asking), __version__, length))
    for address in addresses:
        try:
            answer = await ask(address, PROTOCOL, question)
        except Exception:  # noqa: S112  # the border of one visit: the next address may do
            continue
        _heed(refusal(answer))
        said = read_hello(answer)
        member = read_chain(said.member) if said else None
        if member and member.admission == asking.admission:
            return member
    return asking


def _heed(name: str) -> None:
    if name in Reason.__members__ and name != Reason.NOT_LET_IN.name:
        raise FleetError(
            f"the fleet does not let this node in: it {Reason[name].value}; ask for another (aggregator invite)"
        )
