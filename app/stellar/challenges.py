"""SEP-10 challenges: a transaction that can never be applied, signed to prove who holds an account.

No clock, no network, no tables: the time and the account's signers come as facts.
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from stellar_sdk import (
    Account,
    DecoratedSignature,
    IdMemo,
    Keypair,
    ManageData,
    MuxedAccount,
    NoneMemo,
    TransactionBuilder,
    TransactionEnvelope,
)
from stellar_sdk.exceptions import BadSignatureError, SdkError

from app.errors import Invalid
from app.stellar.horizon import AccountFacts

LIFE_SECONDS = 900
NONCE_BYTES = 48  # 64 characters of base64
XDR_CHARACTERS_MAX = 16_384
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, EOFError, OverflowError, SdkError)


@dataclass(frozen=True)
class Server:
    """Who asks for proof. ``web_auth_domain`` is the host and port of WEB_AUTH_ENDPOINT."""

    signing_key: str
    home_domain: str
    web_auth_domain: str
    network_passphrase: str


@dataclass(frozen=True)
class Client:
    """Who is to prove: ``address`` G… or M…, an id ``memo`` only with G…; the wallet's domain and its SIGNING_KEY."""

    address: str
    memo: int | None = None
    domain: str = ""
    domain_key: str = ""

    @property
    def account(self) -> str:
        """The G… account, whose signers prove."""
        return MuxedAccount.from_account(self.address).account_id

    @property
    def subject(self) -> str:
        """The ``sub`` of a token: all of the identity."""
        return self.address if self.memo is None else f"{self.address}:{self.memo}"


@dataclass(frozen=True)
class Challenge:
    """A challenge that came back: what it says, not yet who signed it. ``expires_at`` in Unix seconds."""

    envelope: TransactionEnvelope
    client: Client
    expires_at: int

    @property
    def hash(self) -> bytes:
        """The same for every set of signatures."""
        return self.envelope.hash()


def build(server: Server, signing: Keypair, client: Client, now: int) -> str:
    """Return a challenge, signed by ``signing``, as base64 XDR. It lives from ``now`` for LIFE_SECONDS.

    Raise Invalid where our own signature would already prove what the client is to prove.
    """
    _check(server.signing_key not in (client.account, client.domain_key), "its client is ourselves")
    builder = TransactionBuilder(Account(server.signing_key, -1), server.network_passphrase, base_fee=100)
    builder.add_time_bounds(now, now + LIFE_SECONDS)
    if client.memo is not None:
        builder.add_id_memo(client.memo)
    nonce = b64encode(os.urandom(NONCE_BYTES))
    builder.append_manage_data_op(f"{server.home_domain} auth", nonce, client.address)
    builder.append_manage_data_op("web_auth_domain", server.web_auth_domain, server.signing_key)
    if client.domain:
        builder.append_manage_data_op("client_domain", client.domain, client.domain_key)
    envelope = builder.build()
    envelope.sign(signing)
    return envelope.to_xdr()


def parse(xdr: str, network_passphrase: str) -> TransactionEnvelope:
    """Return the transaction in base64 ``xdr``, or raise Invalid for anything else."""
    try:
        if len(xdr) > XDR_CHARACTERS_MAX:
            raise ValueError("too long")
        envelope = TransactionEnvelope.from_xdr(xdr, network_passphrase)
        if b64decode(xdr) != b64decode(envelope.to_xdr()):
            raise ValueError("not as it would be written")  # a flag that is 2, padding, something after the end
    except UNREADABLE:
        raise _refusal("it is not a transaction in base64 XDR") from None
    return envelope


def home_domain(envelope: TransactionEnvelope) -> str:
    """Return the home domain a challenge is for, as it says itself."""
    first = envelope.transaction.operations[:1]
    name = first[0].data_name if first and isinstance(first[0], ManageData) else ""
    if not name.endswith(" auth"):
        raise _refusal("its first operation is not manage_data «<home domain> auth»")
    return name.removesuffix(" auth")


def read(envelope: TransactionEnvelope, server: Server, now: int) -> Challenge:
    """Return what the challenge says, or raise Invalid unless it is one of ours and in time."""
    transaction = envelope.transaction
    operations = [operation for operation in transaction.operations if isinstance(operation, ManageData)]
    bounds = transaction.preconditions.time_bounds if transaction.preconditions else None
    _check(transaction.source == MuxedAccount(server.signing_key), "its source is not our SIGNING_KEY")
    _check(transaction.sequence == 0, "its sequence number is not 0")
    _check(bounds is not None and bounds.min_time <= now <= bounds.max_time, "it is not valid now")
    _check(len(operations) == len(transaction.operations), "an operation is not manage_data")
    _check(home_domain(envelope) == server.home_domain, "it is for another home domain")
    _check(len(operations[0].data_value or b"") == 64, "its nonce is not 64 bytes")
    client = _client(operations, transaction.memo, server)
    return Challenge(envelope, client, bounds.max_time if bounds else 0)


def verify(challenge: Challenge, server: Server, account: AccountFacts | None) -> None:
    """Raise Invalid unless we signed the challenge, and the client's domain, and enough of the account's signers.

    A missing account (None) is proved by its master key. For one that exists, signatures must weigh as much as the
    medium threshold, which moves funds, and at least 1. Every signature must belong to somebody, and to one each.
    """
    client = challenge.client
    weights = _weights(client, account)
    weights.pop(server.signing_key, None)  # ours is on every challenge, and proves nothing about the client
    threshold = max(account.medium_threshold, 1) if account else 1
    signed = list(_signers(challenge, chain([server.signing_key, client.domain_key], weights)))
    _check(None not in signed, "a signature belongs to no signer of the account")
    _check(len(set(signed)) == len(signed), "somebody signed twice")
    _check(server.signing_key in signed, "we did not sign it")
    _check(not client.domain or client.domain_key in signed, "the client domain did not sign it")
    weight = sum(weights.get(key or "", 0) for key in signed)
    _check(weight >= threshold, f"its signatures weigh {weight}, and {threshold} are needed")


def _client(operations: list[ManageData], memo: object, server: Server) -> Client:
    first, *others = operations
    ours, theirs = MuxedAccount(server.signing_key), [op for op in others if op.data_name == "client_domain"]
    web_auth_domains = [op.data_value for op in others if op.data_name == "web_auth_domain"]
    _check(all(op.source == ours for op in others if op not in theirs), "an operation has another source than ours")
    _check(web_auth_domains == [server.web_auth_domain.encode()], "its web_auth_domain is not ours")
    _check(len(theirs) <= 1, "it has two client domains")
    _check(isinstance(memo, (NoneMemo, IdMemo)), "its memo is not an id")
    wallet = theirs[0] if theirs else None
    client = Client(
        address=_source(first).universal_account_id,
        memo=memo.memo_id if isinstance(memo, IdMemo) else None,
        domain=_text(wallet) if wallet else "",
        domain_key=_source(wallet).account_id if wallet else "",
    )
    _check(not (client.memo is not None and client.address.startswith("M")), "a muxed account has no memo")
    _check(server.signing_key not in (client.account, client.domain_key), "its client is ourselves")
    return client


def _source(operation: ManageData) -> MuxedAccount:
    if operation.source is None:
        raise _refusal("an operation has no source")
    return operation.source


def _text(operation: ManageData) -> str:
    try:
        return (operation.data_value or b"").decode("ascii")
    except UnicodeDecodeError:
        raise _refusal("its client_domain is not a name") from None


def _weights(client: Client, account: AccountFacts | None) -> dict[str, int]:
    """Return what each key counts: a signer of weight 0 counts nothing, whatever the threshold."""
    if account is None:
        return {client.account: 1}
    known = account.signers
    return {signer.key: signer.weight for signer in known if signer.kind == "ed25519_public_key" and signer.weight}


def _signers(challenge: Challenge, keys: Iterable[str]) -> Iterable[str | None]:
    """Yield whose each signature is, or None."""
    by_hint: Mapping[bytes, list[Keypair]] = _hinted(Keypair.from_public_key(key) for key in set(keys) if key)
    for signature in challenge.envelope.signatures:
        candidates = by_hint.get(signature.signature_hint, [])
        yield next((key.public_key for key in candidates if _verifies(key, challenge.hash, signature)), None)


def _hinted(keys: Iterable[Keypair]) -> dict[bytes, list[Keypair]]:
    found: dict[bytes, list[Keypair]] = {}
    for key in keys:
        found.setdefault(key.signature_hint(), []).append(key)
    return found


def _verifies(key: Keypair, hash: bytes, signature: DecoratedSignature) -> bool:
    try:
        key.verify(hash, signature.signature)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True


def _check(holds: bool, refusal: str) -> None:
    if not holds:
        raise _refusal(refusal)


def _refusal(why: str) -> Invalid:
    return Invalid(f"this challenge is refused: {why}", code="challenge_refused")
