"""The KYC table: every field of SEP-9, what it is, and what its value must look like.

A dot is part of a name and nests nothing. What is not in this table may still be asked of a customer by a rail; it is
kept as text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.customers import checks
from app.customers.checks import Check, text


@dataclass(frozen=True)
class Field:
    """A SEP-9 field. ``type`` as SEP-12 says it: string, number, date or binary (a file)."""

    name: str
    type: str
    description: str
    check: Check = text
    choices: Sequence[str] = ()

    @property
    def binary(self) -> bool:
        return self.type == "binary"


# fmt: off
PERSON = [
    ("last_name",                    "string", "Family or last name"),
    ("first_name",                   "string", "Given or first name"),
    ("additional_name",              "string", "Middle name or other additional name"),
    ("address_country_code",         "string", "Country of the current address, ISO 3166-1 alpha-3", checks.country),
    ("state_or_province",            "string", "State, province, region or prefecture"),
    ("city",                         "string", "City or town"),
    ("postal_code",                  "string", "Postal code"),
    ("address",                      "string", "The whole current address, as several lines"),
    ("mobile_number",                "string", "Mobile telephone number, E.164", checks.phone),
    ("mobile_number_format",         "string", "The form of mobile_number, if it is not E.164"),
    ("email_address",                "string", "E-mail address", checks.email),
    ("birth_date",                   "date",   "Date of birth", checks.day),
    ("birth_place",                  "string", "Place of birth, as written on the passport"),
    ("birth_country_code",           "string", "Country of birth, ISO 3166-1 alpha-3", checks.country),
    ("tax_id",                       "string", "Tax identifier"),
    ("tax_id_name",                  "string", "Name of the tax identifier, as SSN or ITIN"),
    ("occupation",                   "number", "Occupation, ISCO code", checks.number),
    ("employer_name",                "string", "Name of the employer"),
    ("employer_address",             "string", "Address of the employer"),
    ("language_code",                "string", "First language, ISO 639-1", checks.language),
    ("id_type",                      "string", "Kind of identity document, as passport or drivers_license"),
    ("id_country_code",              "string", "Country that issued the document, ISO 3166-1 alpha-3", checks.country),
    ("id_issue_date",                "date",   "When the document was issued", checks.day),
    ("id_expiration_date",           "date",   "When the document expires", checks.day),
    ("id_number",                    "string", "Number of the document"),
    ("photo_id_front",               "binary", "Picture of the front of the photo identity card or passport"),
    ("photo_id_back",                "binary", "Picture of its back"),
    ("notary_approval_of_photo_id",  "binary", "A notary's approval of the document, as a picture"),
    ("ip_address",                   "string", "The customer's IP address", checks.address_on_the_internet),
    ("photo_proof_residence",        "binary", "Picture of a utility bill or the like, with name and address"),
    ("sex",                          "string", "Male, female or other", text, ("male", "female", "other")),
    ("proof_of_income",              "binary", "Picture of a document that proves income"),
    ("proof_of_liveness",            "binary", "A video or picture that shows the customer is alive"),
    ("referral_id",                  "string", "What says where the customer comes from"),
]

ACCOUNT = [
    ("bank_name",                    "string", "Name of the bank"),
    ("bank_account_type",            "string", "Kind of bank account, as checking or savings"),
    ("bank_account_number",          "string", "Number of the bank account"),
    ("bank_number",                  "string", "What identifies the bank in its country, as a routing number"),
    ("bank_phone_number",            "string", "Telephone number of the bank, E.164", checks.phone),
    ("bank_branch_number",           "string", "What identifies the branch"),
    ("external_transfer_memo",       "string", "Text that must go with a transfer"),
    ("clabe_number",                 "string", "Bank account in Mexico, CLABE", checks.clabe),
    ("cbu_number",                   "string", "Bank account in Argentina, CBU or CVU", checks.cbu),
    ("cbu_alias",                    "string", "Alias of a CBU or CVU"),
    ("mobile_money_number",          "string", "Number of the mobile money account, E.164", checks.phone),
    ("mobile_money_provider",        "string", "Name of the mobile money provider"),
    ("crypto_address",               "string", "Address of an account on another network"),
    ("crypto_memo",                  "string", "Memo or tag that goes with crypto_address"),
]

ORGANIZATION = [
    ("name",                         "string", "Full name of the organization, as registered"),
    ("VAT_number",                   "string", "VAT number"),
    ("registration_number",          "string", "Registration number"),
    ("registration_date",            "date",   "Date of registration", checks.day),
    ("registered_address",           "string", "Registered address"),
    ("number_of_shareholders",       "number", "Number of shareholders", checks.number),
    ("shareholder_name",             "string", "Name of a shareholder, person or organization"),
    ("photo_incorporation_doc",      "binary", "Picture of the incorporation documents"),
    ("photo_proof_address",          "binary", "Picture of a utility bill or the like, with name and address"),
    ("address_country_code",         "string", "Country of the current address, ISO 3166-1 alpha-3", checks.country),
    ("state_or_province",            "string", "State, province, region or prefecture"),
    ("city",                         "string", "City or town"),
    ("postal_code",                  "string", "Postal code"),
    ("director_name",                "string", "Name of the managing director"),
    ("website",                      "string", "Website"),
    ("email",                        "string", "E-mail address for contact", checks.email),
    ("phone",                        "string", "Telephone number for contact, E.164", checks.phone),
]

CARD = [
    ("number",                       "string", "Number of the card", checks.card_number),
    ("expiration_date",              "string", "Year and month of expiry, YY-MM", checks.card_month),
    ("cvc",                          "string", "Security code", checks.card_code),
    ("holder_name",                  "string", "Name of the holder"),
    ("network",                      "string", "Brand of the card or network, as Visa"),
    ("postal_code",                  "string", "Postal code of billing"),
    ("country_code",                 "string", "Country of billing, ISO 3166-1 alpha-2", checks.country_short),
    ("state_or_province",            "string", "State or province of billing"),
    ("city",                         "string", "City of billing"),
    ("address",                      "string", "Address of billing"),
    ("token",                        "string", "What a payment service calls the card"),
]
# fmt: on

ALIASES = {"family_name": "last_name", "given_name": "first_name"}

_ROWS: list[tuple[Any, ...]] = [
    *PERSON,
    *ACCOUNT,
    *((f"organization.{name}", *rest) for name, *rest in [*ORGANIZATION, *ACCOUNT]),
    *((f"card.{name}", *rest) for name, *rest in CARD),
]
FIELDS = {row[0]: Field(*row) for row in _ROWS}

VOLUNTEERED = {name for name in FIELDS if not name.startswith("card.")}  # kept unasked: nobody's cards are, ever


def named(name: str) -> Field:
    """Return the field called ``name`` or one of its aliases; one that SEP-9 does not know is text."""
    canonical = ALIASES.get(name, name)
    return FIELDS.get(canonical) or Field(canonical, "string", canonical.replace("_", " "))


def checked(field: Field, value: str) -> str:
    """Return ``value`` as we keep it; raise ValueError saying what is wrong, without repeating it."""
    value = value.strip()
    if field.choices and value.lower() not in field.choices:
        raise ValueError(f"must be one of {', '.join(field.choices)}")
    return value.lower() if field.choices else field.check(value)
