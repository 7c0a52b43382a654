"""Starts a table of programs in order, watches them, and stops them in the reverse order.

The table is a sequence of stages. The programs of one stage start together, and are ready before the next stage starts;
stages stop last to first. A stage may also hold functions: what is to be done while its programs come up. A program
that dies is started again if its row says so, each time a little later; else ``tend`` raises. Nothing here runs by
itself: whoever waits for something calls ``tend`` meanwhile, as ``until`` does.

    with Supervisor([[redis, postgres], [worker, stream], [web, beat]], logs) as supervisor:
        supervisor.run()
"""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from app.sandbox.programs import Died, Program, Running, ask, await_ready, end_at_once, launch, see_off
from app.sandbox.state import own_directory

TEND_SECONDS = 0.1
BACKOFF_SECONDS = (0.5, 1, 2, 5, 10, 30)  # before the first, second, … start in a row
STEADY_SECONDS = 60  # who lived this long is forgiven its earlier deaths


Deed = Callable[[], None]
Stage = Sequence[Program | Deed]


@dataclass
class Post:
    """A program's place in the table: what runs there now, and what happened there."""

    program: Program
    running: Running | None = None
    started_at: float = 0
    starts: int = 0
    deaths_in_a_row: int = 0
    start_again_at: float | None = None

    @property
    def state(self) -> str:
        """running, waiting (to be started again) or stopped."""
        if self.start_again_at is not None:
            return "waiting"
        return "running" if self.running else "stopped"

    @property
    def pid(self) -> int | None:
        return self.running.process.pid if self.running else None


class Supervisor:
    """Runs a table of programs, each with a log file of its own in ``logs``."""

    def __init__(self, stages: Sequence[Stage], logs: Path):
        self.stages = [[Post(item) for item in stage if isinstance(item, Program)] for stage in stages]
        self.deeds = [[item for item in stage if not isinstance(item, Program)] for stage in stages]
        self.posts = {post.program.name: post for stage in self.stages for post in stage}
        self.logs = own_directory(logs)

    def __enter__(self) -> "Supervisor":
        try:
            for stage, deeds in zip(self.stages, self.deeds, strict=True):
                self._start(stage, deeds)
        except BaseException:
            self._stop_all()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_all()

    def start(self, name: str) -> None:
        """Start one program and wait until it is ready. Raises Died if it does not come up."""
        self._start([self.posts[name]])

    def stop(self, name: str) -> None:
        """Stop one program in good order; it stays down until started."""
        self._stop([self.posts[name]])

    def restart(self, name: str) -> None:
        """Stop one program in good order and start it again."""
        self.stop(name)
        self.start(name)

    def kill(self, name: str) -> None:
        """Kill one program without warning, as ``kill -9`` of its main process would; it stays down until started."""
        post = self.posts[name]
        post.start_again_at = None
        if post.running:
            post.running.process.kill()
            post.running.process.wait()
            post.running = None

    def log(self, name: str) -> Path:
        """The file that holds what the program has said, through all its lives."""
        return self.logs / f"{name}.log"

    def tend(self) -> None:
        """Look after every program once. Raises Died if one has died that is not to be started again."""
        for post in self.posts.values():
            code = post.running.process.poll() if post.running else None
            if code is not None:
                self._mourn(post, code)
            if post.start_again_at is not None and time.monotonic() >= post.start_again_at:
                self._launch(post)

    def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Tend until ``condition()`` holds. Raises TimeoutError when ``seconds`` are over."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds} s in vain")
            self.tend()
            time.sleep(TEND_SECONDS)

    def run(self, glance: Callable[[], None] = lambda: None) -> None:
        """Tend for ever, calling ``glance`` now and then, until Ctrl-C, SIGTERM or SIGHUP."""
        with suppress(KeyboardInterrupt), signals_interrupt():
            while True:
                self.tend()
                glance()
                time.sleep(TEND_SECONDS)

    def _start(self, stage: Sequence[Post], deeds: Sequence[Deed] = ()) -> None:
        for post in stage:
            if post.running is None:
                self._launch(post)
        for deed in deeds:
            deed()
        for post in stage:
            if post.running:
                await_ready(post.running)

    def _launch(self, post: Post) -> None:
        post.running = launch(post.program, self.log(post.program.name))
        post.started_at = time.monotonic()
        post.start_again_at = None
        post.starts += 1

    def _mourn(self, post: Post, code: int) -> None:
        """Clear away what a dead program left behind, and settle when it is started again."""
        dead = post.running
        if dead is None:
            return
        end_at_once(dead)
        post.running = None
        if not post.program.restarts:
            raise Died(dead, f"ended with {code}")
        lived_seconds = time.monotonic() - post.started_at
        post.deaths_in_a_row = 0 if lived_seconds > STEADY_SECONDS else post.deaths_in_a_row
        pause = BACKOFF_SECONDS[min(post.deaths_in_a_row, len(BACKOFF_SECONDS) - 1)]
        post.start_again_at = time.monotonic() + pause
        post.deaths_in_a_row += 1

    def _stop(self, stage: Sequence[Post]) -> None:
        stopping = [post.running for post in stage if post.running]
        for running in stopping:
            ask(running)
        for running in stopping:
            see_off(running)
        for post in stage:
            post.running = post.start_again_at = None

    def _stop_all(self) -> None:
        """Stop stage by stage, last to first; interrupted while doing so, end everything at once."""
        with signals_interrupt():
            try:
                for stage in reversed(self.stages):
                    self._stop(stage)
            except KeyboardInterrupt:
                for post in self.posts.values():
                    if post.running:
                        end_at_once(post.running)


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Within the block, SIGTERM and SIGHUP interrupt as Ctrl-C does."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
