"""Railhead: moves money between the Stellar network and the rails off it. The factory is app/factory.py."""
