"""What a value must look like: each check returns the value as we keep it, or raises ValueError saying why not."""

import ipaddress
import re
from collections.abc import Callable
from datetime import date

import phonenumbers

TEXT_CHARACTERS_MAX = 1000

Check = Callable[[str], str]


def text(value: str) -> str:
    if len(value) > TEXT_CHARACTERS_MAX:
        raise ValueError(f"at most {TEXT_CHARACTERS_MAX} characters")
    if any(not character.isprintable() and character not in "\n\r\t" for character in value):
        raise ValueError("no control characters")
    return value


def shaped(pattern: str, words: str, keep: Callable[[str], str] = str) -> Check:
    """Return the check that the whole value matches ``pattern``, which ``words`` describe."""
    expression = re.compile(pattern)

    def check(value: str) -> str:
        if not expression.fullmatch(value):
            raise ValueError(f"must be {words}")
        return keep(value)

    return check


def day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("must be a date, as 1999-12-31") from None


def phone(value: str) -> str:
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        raise ValueError("must be a telephone number in E.164 form, as +14155550123") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError("no telephone has such a number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def address_on_the_internet(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError("must be an IP address") from None


def clabe(value: str) -> str:
    """Check a Mexican CLABE: 18 digits, the last of which makes up the weighted others (3, 7, 1) to a ten."""
    if not re.fullmatch(r"[0-9]{18}", value):
        raise ValueError("must be 18 digits")
    *others, last = map(int, value)
    if (sum(digit * weight % 10 for digit, weight in zip(others, (3, 7, 1) * 6, strict=False)) + last) % 10:
        raise ValueError("its last digit does not fit the others")
    return value


email = shaped(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+", "an e-mail address")
country = shaped(r"[A-Za-z]{3}", "a country's three letters (ISO 3166-1 alpha-3)", str.upper)
country_short = shaped(r"[A-Za-z]{2}", "a country's two letters (ISO 3166-1 alpha-2)", str.upper)
language = shaped(r"[A-Za-z]{2}", "a language's two letters (ISO 639-1)", str.lower)
number = shaped(r"[0-9]{1,18}", "a whole number")
card_number = shaped(r"[0-9 ]{12,23}", "the digits of a card", lambda value: value.replace(" ", ""))
card_month = shaped(r"[0-9]{2}-(0[1-9]|1[0-2])", "year and month, as 29-11")
card_code = shaped(r"[0-9]{3,4}", "three or four digits")
cbu = shaped(r"[0-9]{22}", "22 digits")
