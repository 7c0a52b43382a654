"""Random transactions with what a real stellar-core answered, played against our ledger.

The corpus speaks of accounts by name and of everything made on the way by the step and operation that made it ("7.2").
"""
