"""How values are written for readers."""

from __future__ import annotations

import pytest
from django.utils import translation

from suyuan import catalog
from suyuan.web.values import show


@pytest.mark.parametrize(
    ("value", "chinese", "english"),
    [
        ("680000", "680,000 元", "680,000 yuan"),
        ("1234567.50", "1,234,567.50 元", "1,234,567.50 yuan"),
        ("-12000", "-12,000 元", "-12,000 yuan"),
        ("6595", "6595 元", "6595 yuan"),
        (0, "0 元", "0 yuan"),
    ],
)
def test_amounts_have_their_thousands_apart_and_their_unit_in_words(value: object, chinese: str, english: str) -> None:
    """Four digits are read at a glance; more are not."""
    field = catalog.current().types["case"].fields["loss_amount"]
    with translation.override("zh-hans"):
        assert show(field, value, under=None) == chinese
    with translation.override("en"):
        assert show(field, value, under=None) == english
