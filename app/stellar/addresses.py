"""Addresses of accounts: G… names an account, M… an account and a number its owner gave to somebody (CAP-27)."""

from stellar_sdk import MuxedAccount, StrKey

from app.errors import Invalid


def is_address(text: str) -> bool:
    """Say whether ``text`` is the address of an account, G… or M…."""
    return StrKey.is_valid_ed25519_public_key(text) or StrKey.is_valid_med25519_public_key(text)


def checked(text: str) -> str:
    """Return ``text``, or raise Invalid if it is not the address of an account."""
    if not is_address(text):
        raise Invalid(f"{text[:70]!r} is not the address of a Stellar account", code="invalid_address")
    return text


def account_of(address: str) -> str:
    """Return the G… address of the account behind ``address``."""
    return address if address.startswith("G") else MuxedAccount.from_account(address).account_id


def muxed(account: str, number: int) -> str:
    """Return the M… address of ``account`` and ``number``."""
    return MuxedAccount(account, number).account_muxed or account
