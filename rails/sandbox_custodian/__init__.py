"""An imaginary custodian, for demos and tests: a process of its own, with faults to order and a journal as witness.

    CUSTODIAN_SEEDS=S… python -m rails.sandbox_custodian --port 8900 --journal custodian.jsonl --horizon http://…

It holds keys, and submits to the network itself: one transaction of an account after the other, each on disk before
it is handed in, and handed in until the ledger has spent its number. It pays each key once, whatever happens to it.
Nothing happens between requests: whoever asks sets it going.

``plugin.py`` is its side of the contract, ``server.py`` its HTTP face with what can be ordered of it, ``keeper.py`` the
custodian itself, ``network.py`` how it speaks to Horizon.
"""

from rails.sandbox_custodian.plugin import SandboxCustodian

__all__ = ["SandboxCustodian"]
