"""Numbers are written as Babel writes them, whoever writes them."""

import random

import numpy as np
import pytest
from babel.numbers import format_decimal

import i18n


def babel(lang: str, value: float, decimals: int) -> str:
    return format_decimal(round(value, decimals), "#,##0" + ("." + "0" * decimals if decimals else ""),
                          locale=i18n.LOCALES[lang])


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_a_number_is_what_babel_writes(lang):
    made = random.Random(4)
    values = [0, -0.04, 0.05, 0.5, 1.5, 2.5, 999.96, 1486, -1486, 10**15 + 1, 2**60, float("inf"), True,
              *(made.uniform(-10**n, 10**n) for n in range(12) for _ in range(20)),
              *(made.randrange(-10**n, 10**n) for n in range(1, 20) for _ in range(5))]
    values += [np.float64(84.25), np.int64(12345), np.float64(-0.0), np.int32(7)]
    for value in values:
        for decimals in (0, 1, 2):
            assert i18n.number(lang, value, decimals) == babel(lang, value, decimals), (value, decimals)
    assert i18n.number(lang, None) == i18n.number(lang, float("nan")) == i18n.NOTHING


def test_both_languages_take_the_short_way():
    assert all(i18n.GROUPED.values())
