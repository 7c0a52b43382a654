"""Who signed: the weights of the signers of an account against the signatures of one transaction."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from app.sandbox.network.engine.entries import Account, Signer, SignerKey

ED25519, PRE_AUTHORIZED, HASH_X, SIGNED_PAYLOAD = range(4)

Decorated = tuple[bytes, bytes]  # hint, signature


class Signatures:
    """The signatures of one envelope over one ``hash``; remembers which of them served."""

    def __init__(self, hash: bytes, signatures: Iterable[Decorated]) -> None:
        self._hash = hash
        self._signatures = tuple(signatures)
        self._used = [False] * len(self._signatures)

    def reach(self, signers: Iterable[Signer], needed: int) -> bool:
        """Say whether the weights of those who signed reach ``needed``; one is always needed, even for 0."""
        by_kind: dict[int, list[Signer]] = {}
        for signer in signers:
            by_kind.setdefault(signer.key.kind, []).append(signer)
        return any(weight >= needed for weight in self._weights(by_kind))

    def _weights(self, by_kind: dict[int, list[Signer]]) -> Iterator[int]:
        """Yield the weight reached after each signer found to have signed, in core's order of kinds."""
        weight = 0
        for signer in by_kind.get(PRE_AUTHORIZED, ()):
            if signer.key.key == self._hash:
                weight += min(signer.weight, 255)
                yield weight
        for kind, signed in ((HASH_X, _preimage), (ED25519, self._signed), (SIGNED_PAYLOAD, _payload)):
            waiting = by_kind.get(kind, [])
            for i, decorated in enumerate(self._signatures):
                found = next((one for one in waiting if signed(decorated, one.key)), None)
                if found:
                    self._used[i] = True
                    waiting.remove(found)
                    weight += min(found.weight, 255)
                    yield weight

    def _signed(self, decorated: Decorated, key: SignerKey) -> bool:
        return decorated[0] == key.key[-4:] and verified(key.key, decorated[1], self._hash)

    def all_used(self) -> bool:
        return all(self._used)


def _preimage(decorated: Decorated, key: SignerKey) -> bool:
    return decorated[0] == key.key[-4:] and sha256(decorated[1]).digest() == key.key


def _payload(decorated: Decorated, key: SignerKey) -> bool:
    return decorated[0] == _payload_hint(key) and verified(key.key, decorated[1], key.payload)


def _payload_hint(key: SignerKey) -> bytes:
    return bytes(a ^ b for a, b in zip(key.key[-4:], key.payload[-4:].ljust(4, b"\0"), strict=True))


def signers_of(account: Account) -> list[Signer]:
    """Return the signers of ``account``, its own key first unless its weight is 0."""
    own = Signer(SignerKey(ED25519, account.id), account.thresholds.master)
    return [own, *account.signers] if own.weight else list(account.signers)


def signer_without_account(id: bytes) -> list[Signer]:
    return [Signer(SignerKey(ED25519, id), 1)]


@lru_cache(maxsize=1 << 16)
def verified(key: bytes, signature: bytes, message: bytes) -> bool:
    if len(signature) != 64:
        return False
    try:
        crypto_sign_open(signature + message, key)
    except BadSignatureError:
        return False
    return True
