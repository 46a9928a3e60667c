"""Whether this machine is in order, and what to do where it is not.

`case` says what is looked at, `examine` looks: one file for each part of the body (`machine`, `state`, `sockets`,
`github`, `fleet`, `services`, `notify`, and `client` for the programs that report). A check finds that something is in
order, is not, or cannot be told from here. It changes nothing.
"""

from node.doctor.case import Case, Company, TokenFacts
from node.doctor.examine import examine

__all__ = ["Case", "Company", "TokenFacts", "examine"]
