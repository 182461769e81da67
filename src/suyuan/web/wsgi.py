"""What the web server loads."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from suyuan import catalog
from suyuan.i18n import speak_to_readers
from suyuan.installation.supervisor import leave_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "suyuan.web.settings")
os.environ.setdefault("SUYUAN_STATEMENT_SECONDS", "30")  # nobody waits longer for a page; see web.settings
speak_to_readers()
application = get_wsgi_application()
catalog.current()  # before the first request: loading takes a second, and several would wait for it
leave_with_parent()
