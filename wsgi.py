"""The Flask application for the web server (``gunicorn wsgi:app``) and for ``flask --app wsgi``."""

from app.sandbox.cli import demo, sandbox
from tasks import house as app
from tasks.cli import drain

app.cli.add_command(drain)
app.cli.add_command(demo)
app.cli.add_command(sandbox)
