"""Every use of what libp2p does not promise, in one folder: each with the reason, and each alone removable by tests.

The library is pinned to one exact version because of this folder. `check_private_names` is called before anything is
built: if another version lacks a name that is relied on here, the node says so and does not start half-protected.
Seven work-arounds change library modules and so hold for the whole process; the rest change one host.
"""

from collections.abc import Callable

from node.network.workarounds.connections import (
    admission,
    close_in_time,
    guarded_streams,
    inbound_slots,
    no_auto_connect,
    no_resource_manager,
)
from node.network.workarounds.messages import fresh_sequence_numbers, guarded_messages, registered_once, wide_queues
from node.network.workarounds.names import PINNED, check_private_names
from node.network.workarounds.parts import GuardedPubsub, Parts, Sink
from node.network.workarounds.records import cached_records
from node.network.workarounds.wire import (
    credit_in_bulk,
    no_descent,
    patient_reads,
    private_network_addresses,
    several_network_keys,
    silence_pinged,
)

__all__ = [
    "PINNED",
    "GuardedPubsub",
    "Parts",
    "Sink",
    "apply",
    "cached_records",
    "check_private_names",
    "patient_reads",
]

OF_ONE_HOST: dict[str, Callable[[Parts], None]] = {
    work.__name__: work
    for work in (
        guarded_messages,
        registered_once,
        guarded_streams,
        fresh_sequence_numbers,
        wide_queues,
        no_resource_manager,
        no_auto_connect,
        inbound_slots,
        admission,
        close_in_time,
    )
}
OF_THE_PROCESS: dict[str, Callable[[bool], None]] = {
    work.__name__: work
    for work in (
        cached_records,
        patient_reads,
        private_network_addresses,
        several_network_keys,
        credit_in_bulk,
        no_descent,
        silence_pinged,
    )
}


def apply(parts: Parts, without: frozenset[str] = frozenset()) -> None:
    """Protect a host that was just built and runs nothing yet. `without` leaves some out, for tests."""
    for name, switch in OF_THE_PROCESS.items():
        switch(name not in without)
    for name, work in OF_ONE_HOST.items():
        if name not in without:
            work(parts)
