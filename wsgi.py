"""The Flask application for the web server (``gunicorn wsgi:app``) and for ``flask --app wsgi``."""

from tasks import house as app
from tasks.cli import drain
from tasks.topics import publish

app.extensions["publish"] = publish
app.cli.add_command(drain)
