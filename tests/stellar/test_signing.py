"""As few signatures as an account asks for, the heaviest first."""

import pytest
from stellar_sdk import Keypair

from app.stellar.signing import Quorum, decorated, signed_by

A, B = Keypair.random(), Keypair.random()


@pytest.mark.parametrize(
    ("needed", "weights", "available", "chosen"),
    [
        (1, {"a": 1}, "a", "a"),
        (2, {"a": 1, "b": 1, "c": 1}, "abc", "ab"),
        (2, {"a": 1, "b": 1, "c": 1}, "bc", "bc"),
        (2, {"a": 1, "b": 1, "c": 2}, "abc", "c"),
        (3, {"a": 1, "b": 1, "c": 2}, "abc", "ca"),
        (3, {"a": 1, "b": 1, "c": 2}, "ab", None),
        (1, {"a": 0}, "a", None),  # it may not sign any more
        (1, {"a": 1}, "", None),
        (0, {}, "", ""),
    ],
)
def test_as_few_sign_as_suffice(needed: int, weights: dict[str, int], available: str, chosen: str | None) -> None:
    found = Quorum(needed, weights).fewest(list(available))
    assert found == (None if chosen is None else tuple(chosen))


def test_a_signature_is_known_by_whose_it_is() -> None:
    hash = bytes(32)
    known = [A.public_key, B.public_key]
    assert signed_by(known, hash, B.sign(hash)) == B.public_key
    assert signed_by(known, bytes(31) + b"1", B.sign(hash)) == ""
    assert signed_by(known, hash, b"short") == ""
    assert signed_by(known, hash, Keypair.random().sign(hash)) == ""
    assert decorated(A.public_key, A.sign(hash)) == A.sign_decorated(hash)
