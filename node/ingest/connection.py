"""One connection to the stream socket: a sender with a socket, its unread rest and its unsent answers.

While answers wait to be taken, nothing more is read from it: who does not listen is not heard. So what is held for a
connection is bounded: one incomplete frame, and the answers of two batches.
"""

import select
import socket
from collections.abc import Callable
from typing import Any

from node.ingest import wire
from node.ingest.batch import Answer, Reply
from node.ingest.counters import Counters
from node.ingest.repeats import Repeat
from node.ingest.sender import Sender, Taking
from node.ingest.sessions import Session
from node.sockets import Peer

IN = select.EPOLLIN | select.EPOLLRDHUP
OUT = select.EPOLLOUT

IssueOf = Callable[[str], str | None]  # the address of a root's issue
Told = Callable[["Connection"], None]  # it was answered: go on with it


class Connection(Sender):
    """The loop reads for it and calls `feed`; `finished` says when it can be closed."""

    def __init__(
        self, sock: socket.socket, peer: Peer, desk: Taking, counters: Counters, issue_of: IssueOf, told: Told
    ) -> None:
        super().__init__(desk, counters, {"pid": peer.pid, "uid": peer.uid, "gid": peer.gid})
        self.socket = sock
        self.handle = sock.fileno()  # still known when the socket is closed
        self.peer = peer
        self.rest = b""  # the beginning of a frame
        self.out = bytearray()  # what could not be sent yet
        self.ended = False  # the other side has finished
        self.broken = False
        self.busy = False  # there were too many connections when it came
        self.since = 0.0  # when it last went on, by the loop's clock
        self._issue_of = issue_of
        self._told = told
        self._said_over = False

    @property
    def events(self) -> int:
        """What the loop should wait for; nothing while it has to be answered first."""
        if self.out:
            return OUT
        return IN if self.reading and not self.ended else 0

    @property
    def held(self) -> int:
        """Bytes that are kept for it."""
        return len(self.rest) + len(self.out)

    @property
    def stuck(self) -> bool:
        """Whether it is its turn: nothing was said yet, a frame has no end, or an answer is not fetched."""
        return bool(self.rest or self.out or self.json is None) and not self.pending

    @property
    def begun(self) -> bool:
        """Whether it may be somebody with one thing to say, who has not finished and would not come again."""
        over = self.ended or self.broken or self.over is not None
        return self.json is not False and self.session is None and not over

    @property
    def finished(self) -> bool:
        """Whether everything is said."""
        quiet = not self.pending and not self.out
        return self.broken or (quiet and (self._said_over or (self.ended and self.reading)))

    def greet(self, session: Session, node: str, client: Answer) -> None:
        """Answer its hello."""
        self.resume(session)
        self.say({"hello": 1, "node": node, "next": session.settled, "client": client})

    def settled(self, reply: Reply) -> None:
        super().settled(reply)
        for each in reply.alone:  # thousands, so they are sent together
            self._add(self._alone(each))
        self.flush()
        if reply.ack:
            self.say(self._acknowledgement(reply))
        self.say_over()
        self._told(self)

    def failed(self, reason: str) -> None:
        super().failed(reason)
        self.say_over()
        self._told(self)

    def say_over(self) -> None:
        """Say what ends the conversation, after everything that came before it."""
        if self.over is not None and not self.pending and not self._said_over:
            self._said_over = True
            self.say(self.over)

    def say(self, answer: Answer) -> None:
        self._add(answer)
        self.flush()

    def _add(self, answer: Answer) -> None:
        self.out += wire.encode(answer, self.json is True)

    def flush(self) -> None:
        """Send what can be sent."""
        try:
            while self.out and not self.broken:
                del self.out[: self.socket.send(self.out, socket.MSG_NOSIGNAL)]
        except BlockingIOError:
            return
        except OSError:  # it has gone; what it did not hear it will ask again
            self.broken = True

    def _alone(self, each: Repeat | str) -> Answer:
        if isinstance(each, str):
            return {"ack": 0, "refused": [{"reason": each}]}
        return {"ack": 1, "signature": each.signature, "issue": self._issue_of(each.root)}

    def _acknowledgement(self, reply: Reply) -> Answer:
        answer: dict[str, Any] = {"ack": reply.ack}
        if reply.refused:
            answer["refused"] = [{"seq": seq, "reason": reason} for seq, reason in reply.refused]
        if reply.wishes:
            answer["known"] = [
                {"seq": seq, "signature": repeat.signature, "issue": self._issue_of(repeat.root)}
                for seq, repeat in reply.wishes
            ]
        return answer
