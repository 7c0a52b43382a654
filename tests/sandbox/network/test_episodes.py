"""Every recorded transaction, answered as the real core answered it: status, codes, fee, and what it changed."""

from tests.sandbox.network.corpus.replay import Play, episodes


def test_every_recorded_transaction_is_answered_as_the_real_core_did(capsys):
    plays = [Play(episode).run() for episode in episodes()]
    steps = sum(len(play.episode["steps"]) for play in plays)
    with capsys.disabled():
        print(f"\nepisodes: {sum(play.agreed for play in plays)} / {steps} transactions agreed")  # noqa: T201
    assert [difference for play in plays for difference in play.differences] == []
    assert steps > 3000
