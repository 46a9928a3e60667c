"""Sizes and counts that are accepted, in one place: the client keeps them, the node enforces them.

Standard library only: workers import this file.
"""

FRAME_BYTES = 256 * 1024  # one frame on the ingest socket, length prefix not counted
DEPTH = 32  # levels of nesting in one frame

COUNT = 1_000_000  # occurrences that one record may stand for
MESSAGE_CHARS = 8_192
NAME_CHARS = 256  # a type, module, function, service, release or file name
EXCEPTIONS = 32  # of one record: the chain and the members of groups
FRAMES = 200  # of one exception; the client keeps both ends and leaves out the middle
FINGERPRINT_PARTS = 8
LOG_LINES = 1_000  # the client keeps 100 unless it was told otherwise
LOG_LINE_CHARS = 2_000
CONTEXT_ITEMS = 200  # in any one map or list of the context
CONTEXT_CHARS = 4_096  # of one value in the context
INTEGER = 2**63  # numbers from -INTEGER up to below it; JSON has larger ones, MessagePack has not

SESSION_BYTES = 16
SEQUENCE = 2**53  # numbers of records in a session are lower; SQLite would hold more, JSON would not
CONNECTIONS = 1_024  # on the ingest socket at a time

SEVERITIES = ("low", "medium", "high", "critical")  # ascending
