"""What each sealed thing is sealed for: moved to another customer, field or column it does not open."""


def value_of(customer_id: str, name: str) -> str:
    return f"customer {customer_id} value {name}"


def error_of(customer_id: str, name: str) -> str:
    return f"customer {customer_id} error {name}"


def callback_of(customer_id: str) -> str:
    return f"customer {customer_id} callback_url"


def file_of(file_id: str) -> str:
    return f"customer_file {file_id} body"
