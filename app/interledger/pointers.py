"""Payment pointers (RFC 26) and the URLs of accounts."""

from urllib.parse import SplitResult, urlsplit

from app.interledger.failures import Failure, PaymentFailed

WELL_KNOWN = "/.well-known/pay"


def account_url(text: str, allow_private: bool = False) -> str:
    """The URL that a payment pointer, or an account's own URL, resolves to: no trailing slash, a path in any case.

    A pointer has neither user nor port nor query nor fragment; a URL neither user nor port (``allow_private`` lifts
    the rule about ports, for peers on this machine). Raises PaymentFailed with InvalidPaymentPointer.
    """
    pointer = text.startswith("$")
    parts = _split("https://" + text[1:] if pointer else text)
    allowed = ("https", "http") if allow_private else ("https",)
    wrong = (
        parts.scheme not in allowed
        or not parts.hostname
        or "@" in parts.netloc
        or (_has_port(parts) and (pointer or not allow_private))
        or (pointer and ("?" in text or "#" in text))
    )
    if wrong:
        raise PaymentFailed(Failure.InvalidPaymentPointer)
    path = parts.path.rstrip("/") or WELL_KNOWN
    return parts._replace(netloc=parts.netloc.lower(), path=path, fragment="").geturl()


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as wrong:
        raise PaymentFailed(Failure.InvalidPaymentPointer) from wrong


def _has_port(parts: SplitResult) -> bool:
    return ":" in parts.netloc.rpartition("]")[2]
