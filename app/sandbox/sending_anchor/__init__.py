"""A sending anchor (SEP-31), for demos and tests: it knows HTTP, Stellar, and of us nothing but our home domain.

    SENDING_SEED=S… python -m app.sandbox.sending_anchor http://localhost:8000 --amount 100.00 \\
        --account 1000000003 --refund-memo 77 --memory sending.json

It signs in (SEP-10), registers its two customers (SEP-12), announces the payment and asks for callbacks (SEP-31), pays
on Stellar, and waits for the end. Each thing that happens is a JSON line on its standard output, ``event`` first:
found, signed_in, registered, announced, paid, called_back, forged, refund_seen, ended.

It imports nothing of ours beyond this package. Whatever must not be done twice is written down in its memory first;
killed and started again with the same memory, it goes on where it was.
"""
