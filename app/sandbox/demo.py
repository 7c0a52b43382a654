"""The demo: the whole house on this machine, stories to watch, a board to watch them on.

It needs no setting: services, keys and ports are its own, and stay the same from one start to the next. While it runs,
``var/demo.env`` (or the file ``RAILHEAD_ENV`` names) tells its settings to ``flask --app wsgi …`` in other terminals.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from app.sandbox.board import Board
from app.sandbox.furnishing import Unfurnished
from app.sandbox.house import House, Plan
from app.sandbox.network.core import Settings
from app.sandbox.programs import Died
from app.sandbox.state import CHECKOUT, state_directory, write_private
from app.sandbox.stories import STORIES, Outcome, Scene, Story, told
from app.sandbox.supervisor import Supervisor, signals_interrupt

STORIES_SECONDS = 300
SETTINGS = Path(os.environ.get("RAILHEAD_ENV", CHECKOUT / "var" / "demo.env"))


def run(once: bool, port: int, settings: Mapping[str, str]) -> int:
    """Run the demo until it is interrupted, or ``once`` through its stories. Returns the exit code."""
    if not once:
        click.echo("starting …")
    try:
        house = House(Plan(state_directory() / "demo", port, environment=os.environ, settings=settings))
        with signals_interrupt(), house.supervisor() as supervisor, _announced(house):
            return _tell_once(house, supervisor) if once else _show(house, supervisor)
    except (Died, Unfurnished, BlockingIOError, TimeoutError) as trouble:
        click.echo(f"demo: {trouble}", err=True)
        return 1
    except KeyboardInterrupt:
        return 130


class Telling:
    """Tells stories one after the other, in a thread that lasts as long as what it starts."""

    def __init__(self, stories: Sequence[Story], scene: Scene, heard: Callable[[Outcome], None]):
        self.outcomes: list[Outcome] = []
        self._stories, self._scene, self._heard = stories, scene, heard
        self._thread = threading.Thread(target=self._tell, name="stories", daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def _tell(self) -> None:
        for story in self._stories:
            outcome = told(story, self._scene)
            self.outcomes.append(outcome)
            self._heard(outcome)


def _tell_once(house: House, supervisor: Supervisor) -> int:
    telling = Telling(STORIES, house.scene(), say)
    supervisor.until(lambda: telling.over, STORIES_SECONDS)
    failed = len(STORIES) - sum(not outcome.why for outcome in telling.outcomes)
    click.echo(f"demo: {len(STORIES)} stories, {failed} failed")
    if failed:
        click.echo(f"what every process said is in {supervisor.logs}", err=True)
    return 1 if failed else 0


def _show(house: House, supervisor: Supervisor) -> int:
    console = Console()
    for line in house.addresses():
        click.echo(line)
    if not console.is_terminal:
        Telling(STORIES, house.scene(), say)
        supervisor.run()
        return 0
    telling = Telling(STORIES, house.scene(), lambda outcome: None)
    with Board(house, supervisor, telling.outcomes) as board, Live(console=console, screen=True) as live:
        supervisor.run(lambda: board.renew(live))
    click.echo("stopping …")
    return 0


def say(outcome: Outcome) -> None:
    """Say how a story went, in one line."""
    click.echo(str(outcome))


@contextmanager
def _announced(house: House) -> Iterator[None]:
    """Tell the settings to other terminals of this user, while the demo runs."""
    SETTINGS.parent.mkdir(exist_ok=True)
    write_private(SETTINGS, "".join(f"{name}={value}\n" for name, value in house.settings.items()))
    try:
        yield
    finally:
        SETTINGS.unlink(missing_ok=True)


@click.command("demo")
@click.option("--once", is_flag=True, help="Tell the stories, one line each, and leave; exit with 1 if any failed.")
@click.option("--port", default=0, help="Where the web server listens; the last time's port, or 8000, if not given.")
@click.option(
    "--network-passphrase", default=Settings.passphrase, show_default=True, help="Which network ours claims to be."
)
def main(once: bool, port: int, network_passphrase: str) -> None:
    """Run everything on this machine, with stories to watch. Needs no settings."""
    raise SystemExit(run(once, port, {"NETWORK_PASSPHRASE": network_passphrase}))


if __name__ == "__main__":
    main()
