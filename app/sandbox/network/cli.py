"""The `sandbox` command: run a network alone."""

import asyncio
import signal

import click

from .core import Core, Settings
from .running import running


@click.command("sandbox")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, help="of the first node; the others follow")
@click.option("--network-passphrase", default=Settings.passphrase, show_default=True)
@click.option("--close-seconds", default=5.0, show_default=True, help="between ledgers; 0: only when told to")
@click.option("--max-operations", default=1000, show_default=True, help="that fit into a ledger")
@click.option("--seed", default=0, show_default=True, help="of the order in which transactions apply")
@click.option("--nodes", default=1, show_default=True, help="Horizons over the one ledger")
@click.option("--keep-ledgers", default=20_000, show_default=True, help="of history; 410 before it")
@click.option("--state", default="", help="a file to remember the network in, and to go on from")
def command(host: str, port: int, network_passphrase: str, **settings: object) -> None:
    """Run a sandbox Stellar network until interrupted."""
    core = Core(Settings(passphrase=network_passphrase, **settings))  # type: ignore[arg-type]
    asyncio.run(_serve(core, host, port))


async def _serve(core: Core, host: str, port: int) -> None:
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    async with running(core, host, port) as addresses:
        for address in addresses:
            click.echo(f"horizon {address}   control {address}/control")
        click.echo(f"network passphrase: {core.rules.passphrase}")
        await interrupted.wait()
