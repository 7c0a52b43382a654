"""What we know of the Stellar network: reading and writing one Horizon, building, signing. No tables."""
