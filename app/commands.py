"""Commands for operators: a refusal is one line and an exit code, not a traceback."""

from typing import Any

import click
from flask.cli import AppGroup

from app.errors import Refused
from config import Unconfigured


class Commands(AppGroup):
    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (Refused, Unconfigured) as refusal:
            raise click.ClickException(str(refusal)) from None
