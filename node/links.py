"""The links that the network has, for whoever asks neighbours: which they are, a question, an end.

A question that gets no answer is an `Unreachable`, which is an `OSError`: who asks need not know the network.
"""

from node.network import Network, NetworkError
from node.sync import Unreachable


class Links:
    """The network as those see it who only ask."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def neighbours(self) -> list[str]:
        return [link.peer_id for link in self._network.peers()]

    async def ask(self, peer: str, protocol: str, payload: bytes, deadline: float) -> bytes:
        try:
            return await self._network.request(peer, protocol, payload, deadline)
        except NetworkError as error:
            raise Unreachable(str(error)) from None

    async def disconnect(self, peer: str) -> None:
        await self._network.disconnect(peer)
