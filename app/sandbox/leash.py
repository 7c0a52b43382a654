"""A leash: what we start dies when we die, even by ``kill -9``.

Linux tells a process of its parent's death if it asks to be told (PR_SET_PDEATHSIG); the wish survives exec, but
neither fork nor a change of user. ``python -m app.sandbox.leash celery -A tasks worker`` runs a Python module with the
wish renewed in everything it forks, so that a pool child never outlives its worker.

Linux counts the *thread* that started a process as its parent: start processes from one that lasts.
"""

import ctypes
import os
import runpy
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def die_with_parent(parting: signal.Signals = signal.SIGKILL) -> None:
    """Ask to be sent ``parting`` when the parent dies. Elsewhere than on Linux, do nothing."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, int(parting))


def leashed(parting: signal.Signals) -> Callable[[], None]:
    """Return what a child calls just before exec; it ends there if we died in the meantime."""
    parent = os.getpid()

    def tie() -> None:
        die_with_parent(parting)
        if os.getppid() != parent:
            os._exit(1)

    return tie


if __name__ == "__main__":
    os.register_at_fork(after_in_child=die_with_parent)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
