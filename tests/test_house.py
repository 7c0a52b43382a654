"""The house itself: who may import whom, how big a piece may be, who may call a route, who answers a wake-up."""

import ast
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from stellar_sdk import Keypair

from app.db import db
from app.factory import create_app
from app.states import machines, topic
from app.submission import keys
from config import Unconfigured
from tasks import celery, topics
from tasks.drain import DRAINS
from tasks.schedule import QUEUES, SCHEDULE
from tests import readme

ROOT = Path(__file__).parent.parent

# fmt: off
FLOORS = {
    # a module belongs to the longest prefix that fits
    "config": 1, "app.db": 1, "app.states": 1, "app.money": 1, "app.errors": 1, "app.clock": 1, "app.failpoint": 1,
    "app.log": 1, "app.metrics": 1, "app.vault": 1, "app.strangers": 1, "app": 1,
    "app.ledger": 2, "app.stellar": 2, "app.interledger": 2, "rails": 2,
    "app.organizations": 3, "app.assets": 3, "app.messages": 3,
    "app.customers": 4, "app.submission": 4, "app.watcher": 4,
    "app.anchor": 5,
    "app.factory": 6, "app.health": 6, "app.reconcile": 6, "app.sep": 6, "tasks": 6,
    "app.sandbox": 7, "wsgi": 8,
}
DOORS = {"views", "cli", "graphql"}        # a part of a module's name: floor 6 wherever it stands
ONE_FLOOR = (1, 6, 7)                      # here neighbours may know each other
NEVER = {                                  # beyond the floors
    "app": ("tasks", "wsgi"),
    "rails": ("app.ledger", "app.stellar", "app.interledger", "app.db", "app.states", "app.vault", "config"),
}
# fmt: on


def modules() -> dict[str, Path]:
    found = [ROOT / "config.py", ROOT / "wsgi.py"]
    found += [path for top in ("app", "tasks", "rails") for path in sorted((ROOT / top).rglob("*.py"))]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in found}


MODULES = modules()


def room(module: str) -> str:
    return max((prefix for prefix in FLOORS if f"{module}.".startswith(f"{prefix}.")), key=len)


def floor(module: str) -> int:
    is_door = DOORS & set(module.split(".")) and not module.startswith("app.sandbox")
    return 6 if is_door else FLOORS[room(module)]


def imports(path: Path) -> set[str]:
    """Return what a file imports of ours: module names, as deep as they are modules."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {
                f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in MODULES else node.module
                for alias in node.names
            }
    return {name for name in found if name in MODULES}


def test_imports_lead_downward_only():
    wrong = []
    for module, path in MODULES.items():
        for other in imports(path):
            same = room(module) == room(other)
            sideways = floor(other) == floor(module) and floor(module) not in ONE_FLOOR
            if not same and (floor(other) > floor(module) or sideways):
                wrong.append(f"{module} imports {other}")
            if any(
                other.startswith(never) for top, nevers in NEVER.items() if module.startswith(top) for never in nevers
            ):
                wrong.append(f"{module} must never import {other}")
            if same and floor(other) > floor(module) and not module.startswith("app.sandbox"):
                wrong.append(f"{module} imports its own door {other}")
    assert not wrong, "\n".join(wrong)


def test_the_sandbox_is_for_tests_and_commands_only():
    users = [name for name, path in MODULES.items() if any(other.startswith("app.sandbox") for other in imports(path))]
    assert [name for name in users if not name.startswith("app.sandbox") and name not in ("wsgi", "app.factory")] == []


def test_no_import_hides_inside_a_function():
    hidden = []
    for module, path in MODULES.items():
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                hidden += [
                    f"{module}.{function.name}"
                    for node in ast.walk(function)
                    if isinstance(node, (ast.Import, ast.ImportFrom))
                ]
    assert hidden == []


def test_imports_never_lead_in_a_circle():
    """So any module can be the first to be imported."""
    needs = {module: imports(path) - {module} for module, path in MODULES.items()}
    while free := [module for module, others in needs.items() if not others & set(needs)]:
        for module in free:
            del needs[module]
    assert sorted(needs) == []


def test_files_and_functions_are_small():
    big = []
    for module, path in MODULES.items():
        text = path.read_text()
        if text.count("\n") > 400:
            big.append(f"{module}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno - node.lineno >= 60:
                big.append(f"{module}.{node.name}: {node.end_lineno - node.lineno + 1} lines")
    assert big == []


def test_every_route_says_who_may_call_it(app):
    silent = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if not getattr(app.view_functions[rule.endpoint], "may_call", "")
    ]
    assert silent == []


def reached(modules: set[str]) -> set[str]:
    """Return these modules and all they import, and what those import."""
    found, fresh = set(), set(modules)
    while fresh:
        found |= fresh
        fresh = {other for module in fresh for other in imports(MODULES[module])} - found
    return found


def test_no_route_reaches_a_key_that_moves_money(app):
    doors = {app.view_functions[rule.endpoint].__module__ for rule in app.url_map.iter_rules()}
    assert len(doors) > 4
    openers = {"app.submission.keys", "app.submission.drains", "app.submission.turns"}
    assert reached(doors) & openers == set()
    assert "app.submission.keys" in reached({"app.submission.drains"})


def test_the_web_process_works_without_the_keys_that_move_money(settings):
    web = create_app({name: value for name, value in settings.items() if name != "TREASURY_KEYS"})
    with web.app_context():
        try:
            assert web.test_client().get("/health").json["database"] == "ok"
            with pytest.raises(Unconfigured, match="TREASURY_KEYS"):
                keys.add(db.session(), "G", Keypair.random())
        finally:
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def drains():
    celery.loader.import_default_modules()
    return DRAINS


def test_every_wake_up_is_answered(app, drains):
    silent = []
    for model in machines():
        for state in model.machine.named("wakes", "waits", "tells"):
            for owner in _owners(model):
                try:
                    topics.answer(topic(model, state, owner))
                except KeyError:
                    silent.append(topic(model, state, owner))
    assert silent == []


def _owners(model) -> list[str]:
    return {"": [""], "rail": ["bank"], "owner": ["anchor"]}[model.topic_column]


def test_every_drain_is_scheduled_once_on_a_queue_that_is_served(app, drains):
    lines = [line.drain for line in SCHEDULE]
    assert sorted(lines) == sorted(drains)
    assert {line.queue for line in SCHEDULE} <= set(QUEUES)


def test_every_topic_names_a_drain(app, drains):
    assert set(" ".join(topics.TOPICS.values()).split()) <= set(drains)


def test_there_is_one_head_and_every_revision_is_named_like_its_file():
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    assert len(scripts.get_heads()) == 1
    for revision in scripts.walk_revisions():
        assert Path(revision.path).stem == revision.revision


def test_the_migrations_make_the_tables_the_models_describe(app):
    with db.engine.connect() as connection:
        found = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        assert compare_metadata(found, db.metadata) == []


def test_the_readme_shows_the_tables_the_code_has(app, drains):
    assert readme.outdated() == []
