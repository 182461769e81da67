"""The web room as a Django application."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Label `web`."""

    name = "suyuan.web"
    label = "web"
