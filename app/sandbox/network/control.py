"""/control: what a test, or a person, may order of the network.

GET    /control             the network as it stands
POST   /control/close       {"ledgers": 1}                close ledgers now
POST   /control/interval    {"seconds": 0.2}              0: close only when told
POST   /control/time        {"seconds": 3600}             drive the ledger's clock ahead
POST   /control/lag         {"node": 0, "ledgers": 3}     keep a node behind core
POST   /control/snapshot    {"path": "…"}                 write the ledger to a file (see --state)
POST   /control/faults      {"kind": …, …}                order a fault (see faults.py)
POST   /control/weather     {"seed": 7, "percent": 10}    faults at random
DELETE /control/faults                                    all is well again
"""

import json
from collections.abc import Callable
from typing import Any

from app.sandbox.network.core import Core
from app.sandbox.network.faults import KINDS, Fault
from app.sandbox.network.http import Request, Response, json_response


def control(core: Core, request: Request) -> Response:
    verb = _VERBS.get((request.method, request.path.rstrip("/")))
    if verb is None:
        return json_response({"error": f"no {request.method} {request.path}"}, 404)
    try:
        return json_response(verb(core, json.loads(request.body or b"{}")))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        return json_response({"error": str(error)}, 400)


def _show(core: Core, _: dict[str, Any]) -> dict[str, Any]:
    header = core.ledger.header
    return {
        "ledger": header.sequence,
        "close_time": header.close_time,
        "close_seconds": core.close_seconds,
        "passphrase": core.rules.passphrase,
        "pending": len(core.ledger.queue),
        "nodes": [{"ledger": node.latest.header.sequence, "lag": node.lag} for node in core.nodes],
        "faults": core.faults.show(),
        "weather_percent": core.faults.percent,
        "kinds": KINDS,
    }


def _close(core: Core, order: dict[str, Any]) -> dict[str, Any]:
    for _ in range(int(order.get("ledgers", 1))):
        core.close()
    return _show(core, order)


def _interval(core: Core, order: dict[str, Any]) -> dict[str, Any]:
    core.set_interval(float(order["seconds"]))
    return _show(core, order)


def _time(core: Core, order: dict[str, Any]) -> dict[str, Any]:
    core.advance(int(order["seconds"]))
    return _show(core, order)


def _lag(core: Core, order: dict[str, Any]) -> dict[str, Any]:
    node = core.nodes[int(order.get("node", 0))]
    node.lag = int(order["ledgers"])
    node.catch_up()
    return _show(core, order)


def _snapshot(core: Core, order: dict[str, Any]) -> dict[str, Any]:
    core.snapshot(str(order["path"]))
    return _show(core, order)


def _order(core: Core, order: dict[str, Any]) -> dict[str, Any]:
    core.faults.order(Fault(**order))
    return _show(core, order)


def _weather(core: Core, order: dict[str, Any]) -> dict[str, Any]:
    core.faults.set_weather(int(order["seed"]), int(order["percent"]))
    return _show(core, order)


def _clear(core: Core, order: dict[str, Any]) -> dict[str, Any]:
    core.faults.clear()
    return _show(core, order)


_VERBS: dict[tuple[str, str], Callable[[Core, dict[str, Any]], dict[str, Any]]] = {
    ("GET", "/control"): _show,
    ("POST", "/control/close"): _close,
    ("POST", "/control/interval"): _interval,
    ("POST", "/control/time"): _time,
    ("POST", "/control/lag"): _lag,
    ("POST", "/control/snapshot"): _snapshot,
    ("POST", "/control/faults"): _order,
    ("POST", "/control/weather"): _weather,
    ("DELETE", "/control/faults"): _clear,
}
