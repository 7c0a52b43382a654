"""Commands for operators: a refusal is one line and an exit code, not a traceback."""

from typing import Any

import click
from flask.cli import AppGroup

from app.errors import Refused


class Commands(AppGroup):
    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except Refused as refusal:
            raise click.ClickException(refusal.message) from None
