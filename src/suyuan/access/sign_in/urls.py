"""Addresses of signing in, under the names that django-allauth asks for."""

from __future__ import annotations

from allauth.account import views
from allauth.usersessions.views import list_usersessions
from django.contrib.auth.views import LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("sign-in/", views.login, name="account_login"),
    path("sign-in/closed/", views.account_inactive, name="account_inactive"),
    path("sign-in/out/", LogoutView.as_view(next_page="/sign-in/"), name="account_logout"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("sign-in/factor/", include("allauth.mfa.urls")),
    path("account/sessions/", list_usersessions, name="usersessions_list"),
    path("sign-in/with/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path(
        "sign-in/with/cancelled/",
        RedirectView.as_view(pattern_name="account_login"),
        name="socialaccount_login_cancelled",
    ),
    path("sign-in/register/", RedirectView.as_view(pattern_name="account_login"), name="account_signup"),
]
