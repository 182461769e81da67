"""Addresses of the access room."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from suyuan.access import (
    clearing_views,
    ground_views,
    pass_views,
    proposal_views,
    session_views,
    token_views,
    undertaking_views,
    views,
    way_views,
)

app_name = "access"
urlpatterns = [
    path("sign-out/", LogoutView.as_view(next_page="/sign-in/"), name="sign_out"),
    path("session/", session_views.session, name="session"),
    path("activate/", views.activate, name="activate"),
    path("account/", views.account, name="account"),
    path("account/pass/", pass_views.shown, name="pass"),
    path("sign-in/pass/", pass_views.used, name="pass_used"),
    path("account/tokens/", token_views.issue, name="token"),
    path("account/tokens/<int:number>/revoke/", token_views.revoke, name="token_revoke"),
    path("grounds/", ground_views.show, name="grounds"),
    path("emergency/", ground_views.emergency, name="emergency"),
    path("ground/", views.choose_ground, name="ground"),
    path("agencies/", views.agencies, name="agencies"),
    path("people/", views.people, name="people"),
    path("people/<int:number>/", views.person, name="person"),
    path("accounts/", views.accounts, name="accounts"),
    path("accounts/asked/", way_views.listed, name="ways_in"),
    path("accounts/asked/<int:number>/", way_views.one, name="way_in"),
    path("sign-in/code/", way_views.by_code, name="by_code"),
    path("undertaking/", undertaking_views.sign, name="undertaking"),
    path("undertaking/signed/", undertaking_views.signed, name="undertaking_signed"),
    path("undertaking/<int:version>/<int:person>/", undertaking_views.printed, name="undertaking_sheet"),
    path("quarantine/", clearing_views.listed, name="clearings"),
    path("proposals/", proposal_views.listed, name="proposals"),
    path("proposals/<int:number>/", proposal_views.one, name="proposal"),
]
