"""The `sandbox` command: run a network alone, and give orders to one that runs."""

import asyncio
import gc
import json
import signal
from typing import Any

import click

from app.sandbox.network.core import Core, Settings
from app.sandbox.network.faults import KINDS
from app.sandbox.network.handle import Handle, Refused
from app.sandbox.network.running import running

_AT = click.option("--at", default="http://127.0.0.1:8000", show_default=True, help="where the network runs")


@click.group("sandbox", invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, help="of the first node; the others follow")
@click.option("--network-passphrase", default=Settings.passphrase, show_default=True)
@click.option("--close-seconds", default=5.0, show_default=True, help="between ledgers; 0: only when told to")
@click.option("--max-operations", default=1000, show_default=True, help="that fit into a ledger")
@click.option("--seed", default=0, show_default=True, help="of the order in which transactions apply")
@click.option("--nodes", default=1, show_default=True, help="Horizons over the one ledger")
@click.option("--keep-ledgers", default=20_000, show_default=True, help="of history; 410 before it")
@click.option("--keep-operations", default=100_000, show_default=True, help="of history, at most")
@click.option("--state", default="", help="a file to remember the network in, and to go on from")
@click.pass_context
def command(context: click.Context, host: str, port: int, network_passphrase: str, **settings: Any) -> None:
    """Run a sandbox Stellar network until interrupted; the commands below give orders to one that runs."""
    if context.invoked_subcommand is None:
        core = Core(Settings(passphrase=network_passphrase, **settings))
        asyncio.run(_serve(core, host, port))


async def _serve(core: Core, host: str, port: int) -> None:
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    sparing = asyncio.create_task(_spare_the_collector(core))
    async with running(core, host, port) as addresses:
        for address in addresses:
            click.echo(f"horizon {address}   control {address}/control")
        click.echo(f"network passphrase: {core.rules.passphrase}")
        await interrupted.wait()
    sparing.cancel()


async def _spare_the_collector(core: Core) -> None:
    """Take what each ledger brought out of the garbage collector's sight.

    It is kept until it is trimmed, and nothing in it goes in circles then. To look through all of history again and
    again would hold everybody up, by a second for each 15,000 transactions.
    """
    while True:
        gc.collect()
        gc.freeze()
        await core.nodes[0].news.listen()(3600)


def _say(order: Any, *words: Any, **details: Any) -> None:
    try:
        click.echo(json.dumps(order(*words, **details), indent=2))
    except (Refused, OSError) as refusal:
        raise click.ClickException(str(refusal)) from None


@command.command(epilog="\b\nKinds of fault:\n" + "\n".join(f"  {kind:16} {what}" for kind, what in KINDS.items()))
@click.argument("kind", type=click.Choice(list(KINDS)), metavar="KIND")
@click.option("--times", default=1, show_default=True, help="how often it strikes; 0: until healed")
@click.option("--match", default="", help="strikes only where this occurs: in a path, a source account, a hash")
@click.option("--node", type=int, help="strikes only there")
@click.option("--seconds", default=1, show_default=True, help="of silence, or to retry after")
@click.option("--fee", default=1000, show_default=True, help="per operation that others bid in a surge")
@_AT
def fault(at: str, kind: str, **details: Any) -> None:
    """Order a fault."""
    _say(Handle([at]).fault, kind, **details)


@command.command()
@click.option("--seed", default=0, show_default=True)
@click.option("--percent", default=10, show_default=True, help="of all that could meet a fault; 0: fair weather")
@_AT
def weather(at: str, seed: int, percent: int) -> None:
    """Let faults of all kinds strike at random, from a seed."""
    _say(Handle([at]).weather, seed, percent)


@command.command()
@_AT
def heal(at: str) -> None:
    """Clear all faults."""
    _say(Handle([at]).heal)


@command.command()
@click.argument("ledgers", default=1)
@_AT
def close(at: str, ledgers: int) -> None:
    """Close ledgers now."""
    _say(Handle([at]).close, ledgers)


@command.command()
@click.argument("ledgers", type=int)
@click.option("--node", default=0, show_default=True)
@_AT
def lag(at: str, ledgers: int, node: int) -> None:
    """Keep a node so many ledgers behind core."""
    _say(Handle([at]).lag, ledgers, node)


@command.command()
@_AT
def show(at: str) -> None:
    """Show the network as it stands."""
    _say(Handle([at]).show)
