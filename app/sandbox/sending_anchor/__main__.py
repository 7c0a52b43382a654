"""Run it: see the package."""

import argparse
import os
import sys
from pathlib import Path

from stellar_sdk import Keypair

from .course import Wish, send
from .web import Refused, Silent


def main() -> None:
    parser = argparse.ArgumentParser(prog="app.sandbox.sending_anchor", description="A sending anchor.")
    parser.add_argument("home", help="the receiving anchor's home domain, as http://localhost:8000")
    parser.add_argument("--code", default="USDC", help="the asset to send")
    parser.add_argument("--amount", default="100.00")
    parser.add_argument("--account", default="1000000003", help="the receiver's account at the bank")
    parser.add_argument("--refund-memo", default="", help="an id memo for what comes back")
    parser.add_argument(
        "--memory", type=Path, required=True, help="the file that remembers what must not be done twice"
    )
    parser.add_argument("--patience-seconds", type=float, default=60)
    wish = Wish(**vars(parser.parse_args()))
    try:
        send(wish, Keypair.from_secret(os.environ["SENDING_SEED"]))
    except (Refused, Silent) as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
