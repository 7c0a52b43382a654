"""Stand-ins for the outside world, honest enough to build against: a Stellar network, private services, peers."""
