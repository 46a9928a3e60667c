"""How msgspec says that bytes from outside are not what they should be: one list for every place that decodes them.

Its own error is not all: text that is no UTF-8 and nesting that is too deep come as Python's.
"""

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
