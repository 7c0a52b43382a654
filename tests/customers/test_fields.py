"""The KYC table, and what a value must look like."""

import pytest

from app.customers.fields import ALIASES, FIELDS, checked, named


def check(name: str, value: str) -> str:
    return checked(named(name), value)


def test_an_alias_is_the_same_field():
    assert named("family_name") is named("last_name")
    assert named("given_name") is named("first_name")
    assert not set(ALIASES) & set(FIELDS)


def test_every_field_of_sep_9_is_there():
    counts = {prefix: sum(name.startswith(prefix) for name in FIELDS) for prefix in ("organization.", "card.")}
    assert len(FIELDS) - sum(counts.values()) == 34 + 14
    assert counts == {"organization.": 17 + 14, "card.": 11}
    assert {field.type for field in FIELDS.values()} == {"string", "number", "date", "binary"}


def test_exactly_pictures_and_papers_are_files():
    binary = {name for name, field in FIELDS.items() if field.binary}
    assert binary == {name for name in FIELDS if name.split(".")[-1].startswith(("photo_", "proof_of_", "notary_"))}


def test_a_field_a_rail_invented_is_text():
    assert (named("pix_key").type, check("pix_key", "a@b")) == ("string", "a@b")


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("first_name", "  Åsa ", "Åsa"),
        ("address", "1 Main Street\nTown", "1 Main Street\nTown"),
        ("email_address", "ada@example.org", "ada@example.org"),
        ("mobile_number", "+1 415 555 0123", "+14155550123"),
        ("birth_date", "1815-12-10", "1815-12-10"),
        ("id_country_code", "gbr", "GBR"),
        ("language_code", "EN", "en"),
        ("occupation", "2120", "2120"),
        ("ip_address", "2001:DB8::1", "2001:db8::1"),
        ("sex", "Female", "female"),
        ("clabe_number", "002010077777777771", "002010077777777771"),
        ("cbu_number", "2850590940090418135201", "2850590940090418135201"),
        ("card.expiration_date", "29-11", "29-11"),
        ("card.number", "4111 1111 1111 1111", "4111111111111111"),
        ("organization.number_of_shareholders", "3", "3"),
    ],
)
def test_a_value_is_kept_in_one_way_of_writing(name, value, kept):
    assert check(name, value) == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first_name", "A" * 1001),
        ("first_name", "A\x00da"),
        ("first_name", "\u202eadA"),
        ("email_address", "ada"),
        ("email_address", "ada@localhost"),
        ("mobile_number", "0161 496 0000"),
        ("mobile_number", "+1 2"),
        ("birth_date", "10.12.1815"),
        ("birth_date", "2023-02-29"),
        ("id_country_code", "GB"),
        ("language_code", "english"),
        ("occupation", "-1"),
        ("occupation", "²"),
        ("ip_address", "example.org"),
        ("sex", "unknown"),
        ("clabe_number", "002010077777777772"),
        ("clabe_number", "٠٠٢٠١٠٠٧٧٧٧٧٧٧٧٧٧١"),
        ("cbu_number", "1"),
        ("card.expiration_date", "29-13"),
        ("card.cvc", "12"),
    ],
)
def test_what_cannot_be_is_refused_without_being_repeated(name, value):
    with pytest.raises(ValueError) as refusal:
        check(name, value)
    assert value not in str(refusal.value)
