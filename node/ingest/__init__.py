"""From a socket into a batch, from a batch into counts: everything that programs on this machine report.

Reading order: `wire` (what is said) → `sender` (the rules of a conversation) → `desk` (batches) → `repeats` and
`sampling` (what a record costs) → `receive` (the loop over all sockets) → `spool` and `datagram` (two other ways in).
"""

from node.ingest.ingest import Ingest
from node.ingest.repeats import Naming, Signed
from node.sockets import SocketError

__all__ = ["Ingest", "Naming", "Signed", "SocketError"]
