"""What all SEP doors have in common: CORS, rate limits, the caller's address, and which home domain was asked."""

import ipaddress
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, current_app, g, request
from flask_limiter import Limiter
from werkzeug.middleware.proxy_fix import ProxyFix

from app.db import transaction
from app.errors import NotFound
from app.organizations import service as organizations

PATHS = ("/.well-known/", "/sep")


@dataclass(frozen=True)
class Home:
    """The home domain that was asked, by the request's host."""

    id: str
    organization_id: str
    host: str


def connect(app: Flask) -> None:
    """Put the frame around every door below PATHS, those that do not exist included."""
    proxies = app.config.get("TRUSTED_PROXIES", 0)
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    app.after_request(allow_every_origin)
    app.after_request(leave_nothing_to_guess)
    _limiter(app).init_app(app)


def door(name: str, path: str = "") -> Blueprint:
    """Return the blueprint of one face, ``sep10`` at ``/sep10``; it answers where the home domain has that face."""
    blueprint = Blueprint(name, f"app.sep.{name}", url_prefix=path or f"/{name}")
    blueprint.before_request(find_home)
    return blueprint


def home() -> Home:
    """Return the home domain this request asks."""
    found: Home = g.home
    return found


def find_home() -> None:
    """Look up which home domain is asked; raise NotFound if there is none or it has no such face."""
    with transaction() as session:
        domain = organizations.home_domain(session, request.host)
        if request.blueprint not in domain.faces:
            raise NotFound(f"{request.blueprint} is not served here")
        g.home = Home(domain.id, domain.organization_id, domain.host)


def allow_every_origin(response: Response) -> Response:
    """Let browsers of any origin read the answer, errors included, and ask with any header (SEP-1, 6, 10, 24)."""
    if request.path.startswith(PATHS):
        response.headers["Access-Control-Allow-Origin"] = "*"
        if request.method == "OPTIONS":
            asked = request.headers.get("Access-Control-Request-Headers", "Authorization, Content-Type")
            response.headers["Access-Control-Allow-Headers"] = asked
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET, OPTIONS")
            response.headers["Access-Control-Max-Age"] = "3600"
    return response


def leave_nothing_to_guess(response: Response) -> Response:
    """Say what browsers and proxies would otherwise guess: what an answer is, whether to keep it, when to come back."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    if response.status_code not in (429, 503):
        response.headers.pop("Retry-After", None)  # the limiter writes it on every answer
    return response


def _limiter(app: Flask) -> Limiter:
    """Count requests in Redis, for all web processes together; while Redis is away, each process for itself."""
    broker = app.config.get("CELERY_BROKER_URL", "")
    shared = broker.startswith(("redis://", "rediss://"))
    return Limiter(
        _caller_address,
        default_limits=[_limit],
        default_limits_exempt_when=lambda: not request.path.startswith(PATHS),
        storage_uri=broker if shared else "memory://",
        storage_options={"socket_connect_timeout": 1, "socket_timeout": 1} if shared else {},
        in_memory_fallback_enabled=shared,
        headers_enabled=True,
        key_prefix="railhead",
    )


def _limit() -> str:
    return str(current_app.config["LIMIT_AUTH" if request.blueprint == "sep10" else "LIMIT_API"])


def _caller_address() -> str:
    """Return whom to count: an IPv4 address, or the IPv6 network one subscriber has for himself."""
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
