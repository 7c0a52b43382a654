"""``python -m tests.sim`` says what it saw, in one line where all was well."""

from click.testing import CliRunner

from tests.sim.__main__ import main
from tests.sim.mutants import MUTANTS


def test_one_seed_is_told_and_counted() -> None:
    result = CliRunner().invoke(main, ["--seed", "3"])
    assert result.exit_code == 0
    *course, last = result.output.splitlines()
    assert last.startswith("sim: 1 seeds, 12 payments, 0 violations, 0 stuck")
    assert any("hands in envelope" in line for line in course)


def test_a_broken_promise_is_named_with_its_seed() -> None:
    mutant = MUTANTS[0]
    with mutant.alive():
        result = CliRunner().invoke(main, ["--seed", str(mutant.seed)])
    assert result.exit_code == 1
    assert f"seed {mutant.seed}: not written" in result.output
