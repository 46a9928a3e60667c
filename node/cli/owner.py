"""As root, be who owns the state directory: what a verb writes there is the node's to read.

Root's files would be closed to a service that runs as a user of its own. Nor shall root follow what that user may have
put there. So the process becomes that user, for good, before it touches the directory.
"""

import os
from pathlib import Path


def become_owner(directory: Path) -> None:
    """Nothing happens unless this is root and the directory is there and another's."""
    if os.geteuid() != 0:
        return
    try:
        owner = directory.stat()
    except OSError:
        return  # not there yet: root makes it, for itself
    if owner.st_uid == 0:
        return
    os.setgroups([])
    os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
    os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)
