"""What customers give, how they stand, who hears of it, and that nothing of them lies open or stays behind."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from app import states
from app.customers import files, queries, service, verification
from app.customers.models import Customer, CustomerField, CustomerFile, News
from app.db import db, transaction
from app.errors import Conflict, Invalid, NotFound, TooLarge
from app.messages import service as messages
from app.messages.models import Message
from app.vault import Unopenable, seals
from tests.customers.conftest import ACCOUNT, RECEIVER, SENDER

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def change(app):
    """Run a verb of the service in a transaction of its own."""

    def changing(verb, *arguments):
        with transaction() as session:
            return verb(session, *arguments)

    return changing


@pytest.fixture
def upload(identity):
    def uploading(content: bytes = PNG, **name: str) -> str:
        with transaction() as session:
            return files.keep(session, identity(**name), content).id

    return uploading


def said() -> list[dict]:
    """Return what was put into the outbox, the oldest first."""
    vault = seals()
    rows = db.session.scalars(select(Message).order_by(Message.position))
    return [json.loads(vault.open(row.body, f"message {row.id} body")) for row in rows]


def later(seconds: int) -> None:
    with transaction() as session:
        name = session.scalar(text("SELECT current_database()"))
        session.execute(text(f"ALTER DATABASE {name} SET railhead.clock_offset = '{seconds} seconds'"))
    db.engine.dispose()


def test_whoever_gave_everything_is_accepted(give, known):
    assert known(give(SENDER)).state == "accepted"


def test_whoever_gave_too_little_must_give_more(give, known, change):
    id = give({"first_name": "Ada"})
    assert known(id).state == "needs_info"
    give({"family_name": "Lovelace"})
    assert known(id).state == "accepted"


def test_the_same_name_is_the_same_customer(give):
    assert give(SENDER) == give(SENDER)
    assert give(SENDER) != give(SENDER, memo="1")
    assert give(SENDER) != give(SENDER, scope="sep31-receiver 1")


def test_two_at_once_register_one_customer(app, identity, home_domain_id):
    def register(_):
        with app.app_context(), transaction() as session:
            return service.register(session, identity(), home_domain_id).id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(register, range(4)))) == 1


def test_to_give_the_same_again_changes_nothing(session, give, known):
    id = give(SENDER)
    news = session.scalar(select(func.count()).select_from(News))
    session.commit()
    give({"given_name": "Ada"})
    assert session.scalar(select(func.count()).select_from(News)) == news
    assert len(states.history(session, known(id))) == 2


def test_what_is_wrong_is_named_and_nothing_is_taken(give, known, change):
    id = give({"first_name": "Ada"})
    with pytest.raises(Invalid) as refusal, transaction() as session:
        service.update(session, known(id), {"last_name": "Lovelace", "email_address": "?", "birth_date": "?"})
    assert set(refusal.value.facts["fields"]) == {"email_address", "birth_date"}
    assert [field.name for field in known(id).fields] == ["first_name"]


def test_what_nobody_asked_for_is_left_out(give, known):
    id = give({**SENDER, "favourite_colour": "blue", "card.cvc": "123", "city": "", "postal_code": "W1"})
    assert {field.name for field in known(id).fields} == {"first_name", "last_name", "postal_code"}


def test_an_unknown_type_is_refused(give):
    with pytest.raises(Invalid, match="no customer type"):
        give(SENDER, kind="sep99")


def test_each_type_has_its_own_readiness(session, give):
    id = give(SENDER)
    assert service.ready(session, id, "sep31-sender")
    assert not service.ready(session, id, "sep31-receiver")
    assert not service.ready(session, "nobody", "sep31-sender")
    session.commit()
    give(RECEIVER, kind="sep31-receiver")
    assert service.ready(session, id, "sep31-receiver") and service.ready(session, id)


def test_values_are_given_to_a_rail_without_files(session, give, upload):
    id = give({**RECEIVER, "photo_id_front": upload()})
    assert service.values(session, id) == RECEIVER


def test_a_refused_field_must_be_given_again(session, give, known, change):
    id = give(RECEIVER, kind="sep31-receiver")
    change(service.ask, id, {"bank_account_number": "the bank knows no such account"})
    assert known(id).state == "needs_info"
    assert not service.ready(session, id, "sep31-receiver")
    session.commit()
    give({"bank_account_number": "0532013999"}, kind="sep31-receiver")
    assert known(id).state == "accepted"


def test_a_field_that_was_not_given_may_be_asked_for(give, known, change):
    id = give(SENDER)
    change(service.ask, id, {"pix_key": "this rail needs it"})
    assert known(id).state == "needs_info"
    give({"pix_key": "ada@example.org"})
    assert known(id).state == "accepted"


def test_nobody_may_be_asked_who_is_not_there(session, home_domain_id):
    with pytest.raises(NotFound):
        service.ask(session, "nobody", {"city": "?"})


def test_whoever_waits_hears_of_each_change_once(give, change):
    id = give(SENDER)
    other = give(SENDER, memo="2")
    change(service.ask, id, {"city": "why"})
    assert change(service.take_news, 10) == [id, other]
    assert change(service.take_news, 10) == []


def test_news_that_is_not_taken_is_overdue(session, give):
    give(SENDER)
    assert states.overdue(session, News) == ["customer_news.fresh"]


def test_news_taken_in_vain_is_told_again(give, change):
    id = give(SENDER)
    with pytest.raises(ZeroDivisionError), transaction() as session:
        service.take_news(session, 10)
        raise ZeroDivisionError
    assert change(service.take_news, 10) == [id]


def test_whoever_relies_on_a_customer_holds_off_their_changes(app, session, give, known):
    id = give(SENDER)
    assert service.ready(session, id, "sep31-sender")
    with pytest.raises(OperationalError), app.app_context(), transaction() as other:
        other.execute(text("SET LOCAL lock_timeout = 50"))
        service.ask(other, id, {"city": "why"})
    session.commit()
    assert known(id).state == "accepted"


def test_under_review_an_operator_decides(app, give, known, change):
    app.config["CUSTOMER_REVIEW"] = True
    id = give(SENDER)
    assert known(id).state == "processing"
    change(service.decide, id, "accepted")
    assert known(id).state == "accepted"
    give({"first_name": "Augusta"})
    assert known(id).state == "processing"


def test_the_rejected_stay_rejected_whatever_they_give(give, known, change):
    id = give(SENDER)
    change(service.decide, id, "rejected", "a sanctions list")
    give({"first_name": "Augusta"})
    assert (known(id).state, known(id).message) == ("rejected", "a sanctions list")
    change(service.decide, id, "")
    assert known(id).state == "accepted"


def test_each_new_status_is_said_until_it_is_decided(session, give, known, change):
    id = give({"first_name": "Ada"})
    change(lambda session: service.call_back(session, known(id), "https://wallet.example/kyc"))
    give({"last_name": "Lovelace"})
    assert [body["status"] for body in said()] == ["ACCEPTED"]
    assert said()[0]["id"] == id
    change(service.decide, id, "rejected")
    assert len(said()) == 1
    change(lambda session: service.call_back(session, known(id), "https://wallet.example/kyc"))
    change(service.decide, id, "")
    assert [body["status"] for body in said()] == ["ACCEPTED", "ACCEPTED"]


def test_a_later_callback_replaces_the_earlier(session, give, known, change):
    id = give({"first_name": "Ada"})
    for host in ("old", "new"):
        change(lambda session, host=host: service.call_back(session, known(id), f"https://{host}.example/"))
    give(SENDER)
    assert session.scalars(select(Message.host)).all() == ["new.example"]


def test_a_file_is_known_by_its_bytes_and_bounded(app, session, identity):
    assert files.keep(session, identity(), PNG).content_type == "image/png"
    for content in (b"<svg onload=alert(1)>", b"", b"GIF89a", b"PK\x03\x04"):
        with pytest.raises(Invalid):
            files.keep(session, identity(), content)
    app.config["CUSTOMER_FILE_BYTES_MAX"] = 50
    with pytest.raises(TooLarge):
        files.keep(session, identity(), PNG)


def test_unused_files_are_bounded_in_number(session, identity, monkeypatch):
    monkeypatch.setattr(files, "UNUSED_MAX", 2)
    for _ in range(2):
        files.keep(session, identity(), PNG)
    with pytest.raises(Invalid, match="use the files"):
        files.keep(session, identity(), PNG)


def test_a_file_belongs_to_the_customer_who_uses_it(session, give, upload):
    file_id = upload()
    id = give({**SENDER, "photo_id_front": file_id})
    file = session.get(CustomerFile, file_id)
    assert (file.customer_id, file.expires_at) == (id, None)
    assert files.read(session, file_id) == ("image/png", PNG)


@pytest.mark.parametrize("whose", [{"memo": "1"}, {"account": "GOTHER"}])
def test_nobody_uses_the_file_of_another(give, upload, whose):
    file_id = upload(**whose)
    with pytest.raises(Invalid, match="no such file"):
        give({**SENDER, "photo_id_front": file_id})


def test_a_sending_anchor_uses_its_files_for_any_of_its_users(give, upload, session):
    id = give({**SENDER, "photo_id_front": upload()}, memo="1")
    assert session.scalar(select(CustomerFile.customer_id)) == id


def test_a_replaced_file_is_gone(session, give, upload):
    old, new = upload(), upload()
    give({**SENDER, "photo_id_front": old})
    give({**SENDER, "photo_id_front": new})
    assert session.scalars(select(CustomerFile.id)).all() == [new]


def test_a_file_nobody_used_expires_and_a_used_one_does_not(session, give, upload, change):
    used = upload()
    upload()
    give({**SENDER, "photo_id_front": used})
    assert change(files.expire, 10) == 0
    later(31 * 86_400)
    assert change(files.expire, 10) == 1
    assert db.session.scalars(select(CustomerFile.id)).all() == [used]


def test_a_code_verifies_a_field_once(give, known, change):
    id = give({**SENDER, "mobile_number": "+14155550123"})
    code = change(verification.challenge, id, "mobile_number")
    assert known(id).state == "needs_info"
    assert change(lambda session: verification.verify(session, known(id), {"mobile_number": code})) == []
    assert known(id).state == "accepted"
    assert change(lambda session: verification.verify(session, known(id), {"mobile_number": code})) == ["mobile_number"]


def test_codes_cannot_be_guessed(give, known, change):
    id = give({**SENDER, "mobile_number": "+14155550123"})
    code = change(verification.challenge, id, "mobile_number")
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for guess in [wrong] * verification.TRIES_MAX + [code]:
        assert change(lambda session, guess=guess: verification.verify(session, known(id), {"mobile_number": guess}))
    assert known(id).state == "needs_info"


def test_a_code_does_not_last(give, known, change):
    id = give({**SENDER, "mobile_number": "+14155550123"})
    code = change(verification.challenge, id, "mobile_number")
    later(verification.CODE_SECONDS + 1)
    assert change(lambda session: verification.verify(session, known(id), {"mobile_number": code}))


def test_a_new_number_does_not_escape_verification(give, known, change):
    id = give({**SENDER, "mobile_number": "+14155550123"})
    code = change(verification.challenge, id, "mobile_number")
    give({"mobile_number": "+14155550124"})
    assert known(id).state == "needs_info"
    assert change(lambda session: verification.verify(session, known(id), {"mobile_number": code}))


def test_what_was_not_given_cannot_be_verified(give, change):
    id = give(SENDER)
    with pytest.raises(Conflict):
        change(verification.challenge, id, "mobile_number")


def test_erasing_leaves_nothing_but_what_others_need_to_know(session, identity, give, known, upload, change):
    upload()
    id = give({**SENDER, "photo_id_front": upload()})
    other = give(SENDER, memo="1")
    change(lambda session: service.call_back(session, known(id), "https://wallet.example/kyc"))
    change(service.ask, id, {"city": "why"})
    change(lambda session: service.erase(session, known(id)))
    assert known(id) is None and known(other) is not None
    assert {row.customer_id for row in session.scalars(select(CustomerField))} == {other}
    assert session.scalars(select(CustomerFile)).all() == []
    assert session.scalars(select(Message)).all() == []
    assert queries.find(session, identity()) is None


def test_nothing_personal_lies_open(app, session, give, known, upload, change, caplog):
    caplog.set_level(logging.DEBUG)
    canaries = {
        "first_name": "CanaryAda",
        "last_name": "CanaryLovelace",
        "email_address": "canary@example.org",
        "mobile_number": "+14155550177",
        "birth_date": "1815-12-10",
        "id_number": "CANARY-42",
        "bank_account_number": "CANARY0532013000",
    }
    id = give({**canaries, "photo_id_front": upload(PNG + b"CanaryPicture")})
    change(lambda session: service.call_back(session, known(id), "https://wallet.example/CanaryUrl"))
    change(service.ask, id, {"bank_account_number": "CANARY0532013000 is closed"})
    code = change(verification.challenge, id, "mobile_number")
    with pytest.raises(Invalid):
        give({"birth_date": "CanaryDate"})
    written = _dump(session) + caplog.text
    for secret in [
        *canaries.values(),
        "CanaryPicture",
        "CanaryUrl",
        "CanaryDate",
        f'"{code}"',
        ACCOUNT[:0] or "Canary",
    ]:
        assert secret not in written
        assert secret.encode().hex() not in written


def _dump(session) -> str:
    tables = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    assert {"customer", "customer_field", "customer_file", "message", "history"} <= set(tables)
    return "".join(str(session.execute(text(f'SELECT t::text FROM "{table}" t')).all()) for table in tables)


def test_a_sealed_value_does_not_open_for_another_customer(session, give):
    give(SENDER)
    thief = give(SENDER, memo="1")
    swap = "UPDATE customer_field f SET value = o.value FROM customer_field o WHERE f.name = o.name"
    session.execute(text(f"{swap} AND f.customer_id = :thief AND o.customer_id <> :thief"), {"thief": thief})
    with pytest.raises(Unopenable):
        service.values(session, thief)


def test_callbacks_leave_signed_for_the_home_domain(session, give, known, change, home_domain_id):
    id = give({"first_name": "Ada"})
    change(lambda session: service.call_back(session, known(id), "https://wallet.example/kyc"))
    give(SENDER)
    asked = []
    with transaction() as session:
        [job] = messages.claim(session, 10, lambda _session, home: asked.append(home))
    assert (asked, job.address) == ([home_domain_id], "https://wallet.example/kyc")


def test_customers_are_found_by_where_they_stand(session, give):
    waiting, done = give({"first_name": "Ada"}), give(SENDER, memo="1")
    assert [row.id for row in queries.standing_as(session, "needs_info", 10)] == [waiting]
    assert [row.id for row in queries.standing_as(session, "accepted", 10)] == [done]


def test_whose_a_customer_is(session, identity, give):
    id = give(SENDER, memo="1")
    organization_id = identity().organization_id
    assert service.owned(session, organization_id, id, ACCOUNT)
    assert not service.owned(session, organization_id, id, "GOTHER")
    assert not service.owned(session, "south", id, ACCOUNT)
    assert queries.get(session, identity(), id) is session.get(Customer, id)
    with pytest.raises(NotFound):
        queries.get(session, identity("2"), id)
