"""/friendbot on a node."""

import asyncio

from app.sandbox.network.core import Core
from app.sandbox.network.horizon.asking import account_key
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.horizon.pages import HAL
from app.sandbox.network.horizon.problems import Problem, invalid
from app.sandbox.network.horizon.show.transactions import show_transaction
from app.sandbox.network.horizon.submission import SUBMIT_SECONDS
from app.sandbox.network.http import Request, Response, json_response


async def befriend(node: Node, core: Core, request: Request) -> Response:
    """Create the account ``addr``; where ledgers close only when told, close one."""
    text = request.query.get("addr") or request.form.get("addr", "")
    if not text.startswith("G"):
        raise invalid("addr", "must be an account's address")
    id = account_key(text)
    funded = Problem("bad_request", "account already funded to starting balance")
    if core.ledger.world.account(id):
        raise funded
    sent = core.friendbot.ask(id)
    if not core.close_seconds:
        core.close()
    try:
        frame = await asyncio.wait_for(asyncio.shield(sent), SUBMIT_SECONDS)
    except asyncio.CancelledError:
        if not sent.cancelled():
            raise
        raise funded from None
    except TimeoutError:
        raise Problem("timeout") from None
    record = await node.included(frame.hash.hex(), SUBMIT_SECONDS)
    if record is None:
        raise Problem("timeout")
    return json_response(show_transaction(record, request.base), content_type=HAL)
