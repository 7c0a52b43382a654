"""What happened on Stellar, written down: whatever moved money of ours, once, in the order of the ledger."""
