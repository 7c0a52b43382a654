"""Links between resources."""

from typing import Any

_PAGED = "{?cursor,limit,order}"


def link(href: str) -> dict[str, Any]:
    return {"href": href, "templated": True} if "{" in href else {"href": href}


def paged(href: str) -> dict[str, Any]:
    return link(href + _PAGED)


def neighbours(base: str, collection: str, token: object) -> dict[str, Any]:
    """Return the links to what comes before and after in a collection."""
    return {
        "succeeds": link(f"{base}/{collection}?order=desc&cursor={token}"),
        "precedes": link(f"{base}/{collection}?order=asc&cursor={token}"),
    }
