"""Run the custodian: ``CUSTODIAN_SEEDS=S… python -m rails.sandbox_custodian --journal FILE --horizon URL``."""

import argparse
import contextlib
import os
import sys

from stellar_sdk import Keypair

from rails.sandbox_bank.journal import Journal
from rails.sandbox_custodian.keeper import Keeper
from rails.sandbox_custodian.network import Horizon
from rails.sandbox_custodian.server import CustodianServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="rails.sandbox_custodian", description="An imaginary custodian.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and says which")
    parser.add_argument("--journal", required=True, help="the file that remembers everything")
    parser.add_argument("--horizon", required=True, help="where it submits")
    parser.add_argument("--passphrase", required=True, help="the network's")
    asked = parser.parse_args()
    keys = [Keypair.from_secret(seed) for seed in os.environ["CUSTODIAN_SEEDS"].split()]
    keeper = Keeper(Journal(asked.journal), keys, Horizon(asked.horizon, asked.passphrase))
    with CustodianServer(keeper, asked.port) as server, contextlib.suppress(KeyboardInterrupt):
        sys.stdout.write(f"sandbox custodian on {server.url}\n")
        sys.stdout.flush()
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
