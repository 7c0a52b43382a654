"""python -m app.sandbox.network: the network alone, without the rest of the house."""

from app.sandbox.network.cli import command

if __name__ == "__main__":
    command()
