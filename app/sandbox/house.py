"""The whole house on one machine: what runs, where, with which settings.

Everything it must remember is below one directory: PostgreSQL, Redis, the ledgers of the network, the bank's journal,
ports and keys. So it can be stopped, or killed, and started again as though nothing had happened.

    with House(Plan(directory)).supervisor() as supervisor:
        supervisor.run()
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from stellar_sdk import Keypair

from app import vault
from app.sandbox import furnishing
from app.sandbox.network.core import Settings
from app.sandbox.programs import Program, answers, python, says
from app.sandbox.services import Postgres, Redis, Service
from app.sandbox.state import free_port, hold, own_directory, remembered
from app.sandbox.stories import Scene
from app.sandbox.supervisor import Stage, Supervisor

USUAL_PORT = 8000  # of the web server, if it is free
QUIET = ("--without-mingle", "--without-gossip", "--without-heartbeat")  # nobody here listens

KEYS: Mapping[str, Callable[[], str]] = {
    "vault": vault.new_key,
    "treasury": vault.new_key,
    "token": lambda: secrets.token_urlsafe(48),
    **{name: lambda: Keypair.random().secret for name in furnishing.ACCOUNTS},
}


@dataclass(frozen=True)
class Plan:
    """How a house is to be. ``port`` 0: any. What the environment names is used instead of services of our own."""

    directory: Path
    port: int = 0
    ledger_seconds: float = 1
    settle_seconds: float = 2
    environment: Mapping[str, str] = field(default_factory=dict)
    postgres: Mapping[str, str] = field(default_factory=dict)  # settings of the server
    settings: Mapping[str, str] = field(default_factory=dict)  # more settings of ours


class House:
    """A house as planned: its addresses and keys, its programs, and how to furnish it."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.home = own_directory(plan.directory)
        self._lock = hold(self.home / "lock")  # as long as we live
        remembered(self.home / "web.port", lambda: str(USUAL_PORT))
        self.keys = {name: remembered(own_directory(self.home / "keys") / name, new) for name, new in KEYS.items()}
        port = {name: free_port(self.home / f"{name}.port") for name in ("web", "network", "bank")}
        self.port = plan.port or port["web"]
        self.url = f"http://localhost:{self.port}"
        self.horizon_url, self.bank_url = (f"http://127.0.0.1:{port[name]}" for name in ("network", "bank"))
        self.bank_journal = self.home / "bank.jsonl"

    @cached_property
    def services(self) -> list[Service]:
        """The services of our own: all that the environment names no URL for."""
        ours: list[Service] = [Redis(self.home / "redis"), Postgres(self.home / "postgres", self.plan.postgres)]
        return [service for service in ours if not self.plan.environment.get(service.variable)]

    @cached_property
    def _service_programs(self) -> list[Program]:
        """Settles the services' addresses: from here on ``settings`` can tell them."""
        return [service.program() for service in self.services]

    @cached_property
    def settings(self) -> dict[str, str]:
        """Every setting, as an environment. ``TREASURY_KEYS`` is for the worker and for operators only."""
        programs = self._service_programs
        named = {service.variable: service.url for service, _ in zip(self.services, programs, strict=True)}
        given = {name: self.plan.environment.get(name, "") for name in ("DATABASE_URL", "CELERY_BROKER_URL")}
        return {
            **given,
            **named,
            "HORIZON_URL": self.horizon_url,
            "NETWORK_PASSPHRASE": Settings.passphrase,
            "PUBLIC_URL": self.url,
            "RAILS": "bank=sandbox_bank",
            "RAIL_BANK": json.dumps({"url": self.bank_url}),
            "RAIL_POLL_SECONDS": "1",
            "INTERVALS": "poll_outgoing_transactions=1 sweep=2",
            "VAULT_KEYS": self.keys["vault"],
            "TREASURY_KEYS": self.keys["treasury"],
            "TOKEN_SECRET": self.keys["token"],
            "ALLOW_PRIVATE_ADDRESSES": "yes",
            **self.plan.settings,
        }

    @property
    def furniture(self) -> furnishing.Furniture:
        return furnishing.Furniture(self.settings, self.keys, self.plan.ledger_seconds)

    def address(self, name: str) -> str:
        """The Stellar address of one of ``furnishing.ACCOUNTS``."""
        return Keypair.from_secret(self.keys[name]).public_key

    def stages(self) -> list[Stage]:
        """The programs in the order of their start, and the furnishing while they come up."""
        ground = [*self._service_programs, self._network(), self._bank()]
        ours = [self._web(), self._worker(), self._stream(), self._beat()]
        furniture = self.furniture
        return [ground, [lambda: furnishing.build(furniture)], [*ours, lambda: furnishing.furnish(furniture)]]

    def supervisor(self) -> Supervisor:
        return Supervisor(self.stages(), self.home / "logs")

    def addresses(self) -> list[str]:
        """What there is to look at, a line each."""
        return [
            f"anchor    {self.url}/.well-known/stellar.toml",
            f"health    {self.url}/health",
            f"metrics   {self.url}/metrics",
            f"Horizon   {self.horizon_url}   (what one may order of the network: {self.horizon_url}/control)",
            f"bank      {self.bank_url}   (its journal: {self.bank_journal})",
            f"logs      {self.home / 'logs'}",
        ]

    def scene(self, patience_seconds: float = 60) -> Scene:
        """What the stories may know of this house."""
        told = own_directory(self.home / "stories")
        return Scene(self.url, self.keys["sender"], self.bank_journal, told, patience_seconds)

    def _network(self) -> Program:
        words = ["--port", self.horizon_url.rpartition(":")[2], "--close-seconds", str(furnishing.HURRY_SECONDS)]
        state = ["--state", str(self.home / "network.jsonl")]
        state += ["--network-passphrase", self.settings["NETWORK_PASSPHRASE"]]
        command = python("app.sandbox.network", *words, *state)
        return Program("network", command, ready=answers(f"{self.horizon_url}/"))

    def _bank(self) -> Program:
        words = ["--port", self.bank_url.rpartition(":")[2], "--settle-seconds", str(self.plan.settle_seconds)]
        command = python("rails.sandbox_bank", *words, "--journal", str(self.bank_journal))
        return Program("bank", command, ready=says("sandbox bank on"))

    def _web(self) -> Program:
        words = ["--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread", "--threads", "8"]
        command = python("gunicorn", *words, "--no-control-socket", "wsgi:app")
        ready = answers(f"{self.url}/.well-known/stellar.toml")
        return Program("web", command, self._without("TREASURY_KEYS"), ready=ready, restarts=True)

    def _worker(self) -> Program:
        return self._celery("worker", "-Q", "stellar,rails,messages", "-c", "2")

    def _stream(self) -> Program:
        return self._celery("stream", "-Q", "stream", "-P", "solo", without="TREASURY_KEYS")

    def _beat(self) -> Program:
        schedule = str(self.home / "celerybeat-schedule")
        command = python("celery", "-A", "tasks", "beat", "-s", schedule, "--pidfile=")
        return Program("beat", command, self._without("TREASURY_KEYS"), ready=says("beat: Starting"), restarts=True)

    def _celery(self, name: str, *words: str, without: str = "") -> Program:
        command = python("celery", "-A", "tasks", "worker", "-n", f"{name}@%h", *QUIET, *words)
        return Program(name, command, self._without(without), ready=says("ready."), restarts=True)

    def _without(self, secret: str) -> dict[str, str]:
        return {name: value for name, value in self.settings.items() if name != secret}
