from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from stellar_sdk import Keypair

from app import clock
from app.db import db, transaction
from app.errors import Conflict, Invalid, NotFound
from app.organizations import service
from app.organizations.models import HomeDomain, SpentChallenge


@pytest.fixture
def north(session):
    return service.add_organization(session, "North")


@pytest.fixture
def south(session):
    return service.add_organization(session, "South")


def _live_at(session, owner, host, **extras):
    return service.add_home_domain(session, owner, host, Keypair.random(), ["sep10"], **extras)


def test_two_organizations_cannot_share_a_name(session, north):
    with pytest.raises(Conflict):
        service.add_organization(session, "North")


def test_the_only_organization_need_not_be_named(session, north):
    assert service.organization(session) is north


def test_with_two_organizations_one_must_be_named(session, north, south):
    assert service.organization(session, "South") is south
    with pytest.raises(NotFound, match="say which"):
        service.organization(session)
    with pytest.raises(NotFound, match="no such"):
        service.organization(session, "East")


def test_the_only_home_domain_answers_for_every_host(session, north):
    domain = _live_at(session, north, "north.example")
    assert service.home_domain(session, "10.0.0.1:8000") is domain


def test_with_two_home_domains_the_host_decides(session, north, south):
    _live_at(session, north, "north.example")
    domain = _live_at(session, south, "South.example:8443")
    assert service.home_domain(session, "SOUTH.example:8443") is domain
    with pytest.raises(NotFound):
        service.home_domain(session, "east.example")


def test_a_home_domain_asked_by_name_must_bear_it(session, north):
    domain = _live_at(session, north, "north.example")
    assert service.home_domain_named(session, "North.Example") is domain
    with pytest.raises(Invalid):
        service.home_domain_named(session, "south.example")


def test_the_signing_seed_lies_sealed_and_opens_for_its_own_row_only(session, north, south):
    signing = Keypair.random()
    domain = service.add_home_domain(session, north, "north.example", signing, ["sep10"])
    other = _live_at(session, south, "south.example")
    session.commit()
    assert service.signing_keypair(domain) == signing
    assert signing.secret.encode() not in session.scalar(select(HomeDomain.signing_seed).filter_by(id=domain.id))
    other.signing_seed = domain.signing_seed
    with pytest.raises(Exception, match="cannot open"):
        service.signing_keypair(other)


def test_a_face_nobody_knows_is_refused(session, north):
    with pytest.raises(Invalid, match="sep99"):
        service.add_home_domain(session, north, "north.example", Keypair.random(), ["sep10", "sep99"])


def test_a_home_domain_is_reached_at_the_public_url_or_at_its_own(session, north, south):
    assert service.public_url(_live_at(session, north, "north.example")) == "http://localhost"
    domain = _live_at(session, south, "south.example", public_url="https://api.south.example")
    assert service.public_url(domain) == "https://api.south.example"


def test_a_sending_anchor_is_known_to_one_organization_only(session, north, south):
    account = Keypair.random().public_key
    service.add_partner(session, north.id, account, "Remit")
    assert service.partner(session, north.id, account).name == "Remit"
    assert service.partner(session, south.id, account) is None


def test_a_sending_anchor_added_again_is_renamed(session, north):
    account = Keypair.random().public_key
    service.add_partner(session, north.id, account, "Remit")
    service.add_partner(session, north.id, account, "Remit Ltd")
    assert [row.name for row in service.partners(session, north.id)] == ["Remit Ltd"]


def test_a_sending_anchor_needs_an_account(session, north):
    with pytest.raises(Invalid):
        service.add_partner(session, north.id, "GNOTANACCOUNT", "Remit")


def test_a_removed_sending_anchor_is_known_no_more(session, north):
    account = Keypair.random().public_key
    service.add_partner(session, north.id, account, "Remit")
    service.remove_partner(session, north.id, account)
    assert service.partner(session, north.id, account) is None
    with pytest.raises(NotFound):
        service.remove_partner(session, north.id, account)


def test_of_many_who_spend_one_challenge_one_succeeds(app):
    def spend(_):
        with app.app_context():
            try:
                with transaction() as session:
                    service.spend_challenge(session, b"challenge", clock.read(session) + timedelta(minutes=15))
            except Invalid:
                return False
            return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(spend, range(24))) == 1


def test_challenges_are_forgotten_once_expired(session):
    for minutes in (-3, -2, 0, 1):
        expires_at = clock.read(session) + timedelta(minutes=minutes)
        service.spend_challenge(session, f"{minutes}".encode(), expires_at)
    assert service.forget_challenges(session, limit=1) == 1
    assert service.forget_challenges(session, limit=10) == 1
    assert service.forget_challenges(session, limit=10) == 0
    assert db.session.scalar(select(func.count()).select_from(SpentChallenge)) == 2
