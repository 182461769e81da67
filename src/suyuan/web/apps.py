"""The web room as a Django application."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Label `web`."""

    name = "suyuan.web"
    label = "web"

    def ready(self) -> None:
        """Let the entry form show why a reviewer gave a record back: rooms side by side do not know each other."""
        from suyuan.collection import forms
        from suyuan.review import queries

        forms.provide_reasons(queries.reasons)
