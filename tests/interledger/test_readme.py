"""The example in the README, run as it stands but for where it pays."""

import re
from pathlib import Path

import app.interledger
from app.interledger import Asking, Destination, resolve_account
from app.sandbox.peer import Peer

README = Path(app.interledger.__file__).with_name("README.md").read_text()


def test_the_example_pays(peer: Peer) -> None:
    found = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert found
    names: dict[str, object] = {"resolve_here": lambda pointer: _resolved(peer, pointer)}
    example = found[1].replace("https://connector.example/ilp", peer.uplink_url)
    example = example.replace("Connection(resolve_account(", "Connection(resolve_here(")
    exec(example, names)  # noqa: S102  our own text
    outcome = names["outcome"]
    assert isinstance(outcome, app.interledger.Outcome)
    assert (outcome.failure, outcome.sent, peer.books.received["alice"]) == (None, 10_00, 5_00)


def _resolved(peer: Peer, pointer: str) -> Destination:
    assert pointer == "$wallet.example/alice"
    return resolve_account(f"{peer.url}/accounts/alice", Asking(allow_private=True))


def test_every_page_is_on_the_list() -> None:
    pages = {page.name for page in Path(app.interledger.__file__).parent.glob("*.py")} - {"__init__.py"}
    assert pages == set(re.findall(r"`(\w+\.py)`", README.partition("**Holds.**")[0])) - {"failures.py"} | {
        "failures.py"
    }
