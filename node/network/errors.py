"""The one exception of the network: every failure names a reason that a caller can count, show or act on."""

from enum import StrEnum


class Reason(StrEnum):
    """Why the network refused or failed; the value is the text that a user reads."""

    BAD_SETTING = "bad network setting"
    CANNOT_LISTEN = "cannot listen"
    LIBRARY = "the libp2p library is not the one this program was built for"
    NOT_CONNECTED = "no connection to that peer"
    NOT_SUPPORTED = "the peer does not speak that protocol"
    TOO_LARGE = "larger than the network carries"
    TIMEOUT = "no answer in time"
    BROKEN = "the stream broke before the answer was complete"
    DAMAGED = "the answer does not match its checksum"
    BUSY = "the peer is busy"
    FAILED = "the peer could not answer that request"


class NetworkError(Exception):
    """Raised by everything in `node.network`; `reason` is for programs, the text for people."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
