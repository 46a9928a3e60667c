"""One line of JSON through the socket, as any language and any shell can write it. No library."""

import os
import socket

from did import did

with socket.socket(socket.AF_UNIX) as node:
    node.connect(os.environ["AGGREGATOR_SOCKET"])
    did("disk")
    node.sendall(b'{"message": "disk /dev/sdb1 is full", "service": "disk"}\n')
    node.shutdown(socket.SHUT_WR)
    answer = node.recv(1024)
print(answer.decode())
