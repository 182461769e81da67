"""Addresses of the review room, under /review/."""

from __future__ import annotations

from django.urls import path

from suyuan.review import views

app_name = "review"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("<uuid:batch>/", views.batch, name="batch"),
]
