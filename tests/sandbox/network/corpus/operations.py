"""The corpus' operations as XDR, wrong ones included: what the SDK's own builders would refuse is built as well."""

from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import SignerKey
from app.sandbox.network.engine.to_xdr import account_xdr

from .names import Names

Said = dict[str, Any]
_Type = X.OperationType


def stroops(text: str) -> X.Int64:
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    return X.Int64(sign * (int(whole or 0) * 10**7 + int(part.ljust(7, "0")[:7])))


class Builder:
    """Builds the operations of one step. ``sequence`` says an account's present number, ``now`` the last close time."""

    def __init__(self, names: Names, source: str, sequence: Callable[[str], int], now: int) -> None:
        self.names = names
        self.source = source
        self.sequence = sequence
        self.now = now

    def operation(self, said: Said) -> X.Operation:
        type = _Type[said["op"].upper()]
        arm = "destination" if type == _Type.ACCOUNT_MERGE else f"{said['op']}_op"
        build = getattr(self, said["op"], None)
        body = X.OperationBody(type, **({arm: build(said)} if build else {}))
        return X.Operation(self.muxed(said["src"]) if "src" in said else None, body)

    def account(self, name: str) -> X.AccountID:
        return account_xdr(self.names.id(name))

    def muxed(self, name: str) -> X.MuxedAccount:
        name, _, id = name.partition("#")
        key = X.Uint256(self.names.id(name))
        if not id:
            return X.MuxedAccount(X.CryptoKeyType.KEY_TYPE_ED25519, ed25519=key)
        med = X.MuxedAccountMed25519(X.Uint64(int(id)), key)
        return X.MuxedAccount(X.CryptoKeyType.KEY_TYPE_MUXED_ED25519, med25519=med)

    def _coded(self, text: str) -> tuple[X.AssetType, str, Any]:
        """Return type, arm and code; ``~USD`` is a short code in the long form."""
        code = text.lstrip("~").encode()
        if len(code) <= 4 and not text.startswith("~"):
            return X.AssetType.ASSET_TYPE_CREDIT_ALPHANUM4, "alpha_num4", X.AssetCode4(code.ljust(4, b"\0"))
        return X.AssetType.ASSET_TYPE_CREDIT_ALPHANUM12, "alpha_num12", X.AssetCode12(code.ljust(12, b"\0"))

    def asset(self, text: str, union: Any = X.Asset) -> Any:
        if text == "native":
            return union(X.AssetType.ASSET_TYPE_NATIVE)
        code, _, issuer = text.partition(":")
        type, arm, coded = self._coded(code)
        held = (X.AlphaNum4 if arm == "alpha_num4" else X.AlphaNum12)(coded, self.account(issuer))
        return union(type, **{arm: held})

    def path(self, said: Said) -> list[X.Asset]:
        return [self.asset(hop) for hop in said.get("path", [])]

    def price(self, text: str) -> X.Price:
        n, _, d = text.partition("/")
        return X.Price(X.Int32(int(n)), X.Int32(int(d)))

    def signer_key(self, key: SignerKey) -> X.SignerKey:
        kind, held = X.SignerKeyType(key.kind), X.Uint256(key.key)
        if key.payload or kind == X.SignerKeyType.SIGNER_KEY_TYPE_ED25519_SIGNED_PAYLOAD:
            return X.SignerKey(kind, ed25519_signed_payload=X.SignerKeyEd25519SignedPayload(held, key.payload))
        return X.SignerKey(kind, **{("ed25519", "pre_auth_tx", "hash_x")[key.kind]: held})

    def balance(self, reference: str) -> X.ClaimableBalanceID:
        kind = X.ClaimableBalanceIDType.CLAIMABLE_BALANCE_ID_TYPE_V0
        return X.ClaimableBalanceID(kind, v0=X.Hash(self.names.balance_id(reference)))

    def predicate(self, said: Any) -> X.ClaimPredicate:
        kinds = X.ClaimPredicateType
        if said == "always":
            return X.ClaimPredicate(kinds.CLAIM_PREDICATE_UNCONDITIONAL)
        ((kind, value),) = said.items()
        if kind == "and":
            return X.ClaimPredicate(kinds.CLAIM_PREDICATE_AND, and_predicates=[self.predicate(one) for one in value])
        if kind == "or":
            return X.ClaimPredicate(kinds.CLAIM_PREDICATE_OR, or_predicates=[self.predicate(one) for one in value])
        if kind == "not":
            return X.ClaimPredicate(kinds.CLAIM_PREDICATE_NOT, not_predicate=self.predicate(value))
        if kind == "rel":
            return X.ClaimPredicate(kinds.CLAIM_PREDICATE_BEFORE_RELATIVE_TIME, rel_before=X.Int64(value))
        time = value if kind == "before_abs" else self.now + value
        return X.ClaimPredicate(kinds.CLAIM_PREDICATE_BEFORE_ABSOLUTE_TIME, abs_before=X.Int64(time))

    # One method per kind of operation, named as the corpus names it.

    def create_account(self, said: Said) -> Any:
        return X.CreateAccountOp(self.account(said["dest"]), stroops(said["amount"]))

    def payment(self, said: Said) -> Any:
        return X.PaymentOp(self.muxed(said["dest"]), self.asset(said["asset"]), stroops(said["amount"]))

    def path_payment_strict_receive(self, said: Said) -> Any:
        return X.PathPaymentStrictReceiveOp(
            self.asset(said["send_asset"]),
            stroops(said["send_max"]),
            self.muxed(said["dest"]),
            self.asset(said["dest_asset"]),
            stroops(said["dest_amount"]),
            self.path(said),
        )

    def path_payment_strict_send(self, said: Said) -> Any:
        return X.PathPaymentStrictSendOp(
            self.asset(said["send_asset"]),
            stroops(said["send_amount"]),
            self.muxed(said["dest"]),
            self.asset(said["dest_asset"]),
            stroops(said["dest_min"]),
            self.path(said),
        )

    def _pair(self, said: Said) -> tuple[X.Asset, X.Asset, X.Int64, X.Price]:
        assets = self.asset(said["selling"]), self.asset(said["buying"])
        return *assets, stroops(said["amount"]), self.price(said["price"])

    def manage_sell_offer(self, said: Said) -> Any:
        return X.ManageSellOfferOp(*self._pair(said), X.Int64(self.names.offer_id(said.get("offer", 0))))

    def manage_buy_offer(self, said: Said) -> Any:
        return X.ManageBuyOfferOp(*self._pair(said), X.Int64(self.names.offer_id(said.get("offer", 0))))

    def create_passive_sell_offer(self, said: Said) -> Any:
        return X.CreatePassiveSellOfferOp(*self._pair(said))

    def set_options(self, said: Said) -> Any:
        def number(name: str) -> X.Uint32 | None:
            return X.Uint32(said[name]) if said.get(name) is not None else None

        signer = said.get("signer")
        weight = signer and X.Signer(self.signer_key(self.names.signer_key(signer[0])), X.Uint32(signer[1]))
        return X.SetOptionsOp(
            inflation_dest=self.account(said["inflation_dest"]) if said.get("inflation_dest") else None,
            clear_flags=number("clear_flags"),
            set_flags=number("set_flags"),
            master_weight=number("master"),
            low_threshold=number("low"),
            med_threshold=number("med"),
            high_threshold=number("high"),
            home_domain=X.String32(said["home"].encode()) if said.get("home") is not None else None,
            signer=weight or None,
        )

    def change_trust(self, said: Said) -> Any:
        return X.ChangeTrustOp(self.asset(said["asset"], X.ChangeTrustAsset), stroops(said["limit"]))

    def allow_trust(self, said: Said) -> Any:
        type, arm, code = self._coded(said["code"])
        coded = X.AssetCode(type, **{arm.replace("alpha_num", "asset_code"): code})
        return X.AllowTrustOp(self.account(said["trustor"]), coded, X.Uint32(said["authorize"]))

    def set_trust_line_flags(self, said: Said) -> Any:
        flags = X.Uint32(said.get("clear", 0)), X.Uint32(said.get("set", 0))
        return X.SetTrustLineFlagsOp(self.account(said["trustor"]), self.asset(said["asset"]), *flags)

    def account_merge(self, said: Said) -> Any:
        return self.muxed(said["dest"])

    def manage_data(self, said: Said) -> Any:
        value = X.DataValue(said["value"].encode()) if said["value"] is not None else None
        return X.ManageDataOp(X.String64(said["name"].encode()), value)

    def bump_sequence(self, said: Said) -> Any:
        owner = said.get("src", self.source).partition("#")[0]
        return X.BumpSequenceOp(X.SequenceNumber(X.Int64(sequence(said["to"], self.sequence(owner)))))

    def create_claimable_balance(self, said: Said) -> Any:
        claimants = [X.ClaimantV0(self.account(name), self.predicate(when)) for name, when in said["claimants"]]
        marked = [X.Claimant(X.ClaimantType.CLAIMANT_TYPE_V0, v0=one) for one in claimants]
        return X.CreateClaimableBalanceOp(self.asset(said["asset"]), stroops(said["amount"]), marked)

    def claim_claimable_balance(self, said: Said) -> Any:
        return X.ClaimClaimableBalanceOp(self.balance(said["id"]))

    def clawback_claimable_balance(self, said: Said) -> Any:
        return X.ClawbackClaimableBalanceOp(self.balance(said["id"]))

    def clawback(self, said: Said) -> Any:
        return X.ClawbackOp(self.asset(said["asset"]), self.muxed(said["from"]), stroops(said["amount"]))

    def begin_sponsoring_future_reserves(self, said: Said) -> Any:
        return X.BeginSponsoringFutureReservesOp(self.account(said["account"]))

    def revoke_sponsorship(self, said: Said) -> Any:
        if said["kind"] == "signer":
            key = self.signer_key(self.names.signer_key(said["signer"]))
            signer = X.RevokeSponsorshipOpSigner(self.account(said["account"]), key)
            return X.RevokeSponsorshipOp(X.RevokeSponsorshipType.REVOKE_SPONSORSHIP_SIGNER, signer=signer)
        key_of = X.RevokeSponsorshipType.REVOKE_SPONSORSHIP_LEDGER_ENTRY
        return X.RevokeSponsorshipOp(key_of, ledger_key=self._ledger_key(said))

    def _ledger_key(self, said: Said) -> X.LedgerKey:
        kind = said["kind"]
        if kind == "claimable_balance":
            held: Any = X.LedgerKeyClaimableBalance(self.balance(said["id"]))
            return X.LedgerKey(X.LedgerEntryType.CLAIMABLE_BALANCE, claimable_balance=held)
        owner = self.account(said["account"])
        if kind == "account":
            return X.LedgerKey(X.LedgerEntryType.ACCOUNT, account=X.LedgerKeyAccount(owner))
        if kind == "trustline":
            line = X.LedgerKeyTrustLine(owner, self.asset(said["asset"], X.TrustLineAsset))
            return X.LedgerKey(X.LedgerEntryType.TRUSTLINE, trust_line=line)
        if kind == "offer":
            offer = X.LedgerKeyOffer(owner, X.Int64(self.names.offer_id(said["offer"])))
            return X.LedgerKey(X.LedgerEntryType.OFFER, offer=offer)
        data = X.LedgerKeyData(owner, X.String64(said["name"].encode()))
        return X.LedgerKey(X.LedgerEntryType.DATA, data=data)


def sequence(said: Any, present: int) -> int:
    """Read a sequence number: next, max, relative to the ``present`` one, or literally after "="."""
    if said == "max":
        return 2**63 - 1
    if str(said).startswith("="):
        return int(said[1:])
    return min(2**63 - 1, present + (1 if said == "next" else int(said)))
