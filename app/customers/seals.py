"""What each sealed thing is sealed for: moved to another customer, field or column it does not open."""

from flask import current_app

from app import vault


def seals() -> vault.Vault:
    """Return the vault of personal data."""
    return vault.of(current_app.config, "VAULT_KEYS")


def value_of(customer_id: str, name: str) -> str:
    return f"customer {customer_id} value {name}"


def error_of(customer_id: str, name: str) -> str:
    return f"customer {customer_id} error {name}"


def callback_of(customer_id: str) -> str:
    return f"customer {customer_id} callback_url"


def file_of(file_id: str) -> str:
    return f"customer_file {file_id} body"
