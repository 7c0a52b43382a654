"""Run the bank: ``python -m rails.sandbox_bank --port 8800 --journal bank.jsonl --settle-seconds 2``."""

import argparse
import contextlib
import sys

from rails.sandbox_bank.bank import Bank
from rails.sandbox_bank.journal import Journal
from rails.sandbox_bank.server import BankServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="rails.sandbox_bank", description="An imaginary bank.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and says which")
    parser.add_argument("--journal", required=True, help="the file that remembers everything")
    parser.add_argument("--settle-seconds", type=float, help="payments complete by themselves after so long")
    parser.add_argument("--latency-seconds", type=float, default=0, help="every answer takes so long")
    asked = parser.parse_args()
    bank = Bank(Journal(asked.journal), asked.settle_seconds)
    with BankServer(bank, asked.port, asked.latency_seconds) as server, contextlib.suppress(KeyboardInterrupt):
        sys.stdout.write(f"sandbox bank on {server.url}\n")
        sys.stdout.flush()
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
