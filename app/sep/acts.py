"""What the SEP doors ask of strangers. Facts in, facts out; no session is open meanwhile."""

import re
import tomllib

from stellar_sdk import StrKey

from app import strangers
from app.errors import Invalid

HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")


def client_signing_key(client_domain: str, allow_private: bool) -> str:
    """Return the SIGNING_KEY in the wallet's stellar.toml, or raise Invalid if there is none to be had (SEP-10)."""
    if not HOST.fullmatch(client_domain):
        raise _refusal("it is not the name of a host")
    try:
        found = tomllib.loads(_stellar_toml(client_domain, allow_private))
    except (strangers.Unsafe, strangers.Unreachable, ValueError):
        raise _refusal("its stellar.toml cannot be read") from None
    key = found.get("SIGNING_KEY")
    if not isinstance(key, str) or not StrKey.is_valid_ed25519_public_key(key):
        raise _refusal("its stellar.toml has no SIGNING_KEY")
    return key


def _stellar_toml(host: str, allow_private: bool) -> str:
    path = "/.well-known/stellar.toml"
    try:
        answer = strangers.fetch(f"https://{host}{path}", allow_private=allow_private)
    except strangers.Unreachable:
        if not allow_private:
            raise
        answer = strangers.fetch(f"http://{host}{path}", allow_private=True)  # a wallet on this machine
    if answer.status != 200:
        raise ValueError(f"it answers {answer.status}")
    return answer.body.decode()


def _refusal(why: str) -> Invalid:
    return Invalid(f"client_domain is refused: {why}", code="client_domain_refused")
