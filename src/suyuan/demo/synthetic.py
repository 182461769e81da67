"""Synthetic people, vehicles and cases, the same on every machine. Names are drawn from common surnames and characters."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

Row = dict[str, str]

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹"
_GIVEN = {
    "1": "伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆",
    "2": "芳娜敏静丽艳娟霞秀燕玲桂英兰红梅莉婷雪倩颖洁慧琳蓉",
}
_STREETS = ("文三路", "学院路", "江南大道", "中山西路", "天一街", "环城北路", "湖滨路", "解放南路")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_VIN = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_COLOURS = ("白", "黑", "银灰", "蓝", "红")
_CASES = (
    ("050200", "264-0-01", "盗窃", "停放在路边的电动自行车一辆被盗"),
    ("050200", "264-0-01", "入室盗窃", "住户报称家中现金和首饰被盗"),
    ("050300", "266-0-01", "诈骗", "以虚假购物链接骗取货款"),
)


class Maker:
    """Makes rows for one county. `seed` fixes what comes out."""

    def __init__(self, place: str, county: str, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - synthetic data, nothing secret
        self._place, self._county = place, county

    def residents(self, count: int) -> Iterator[Row]:
        """Residents in households of three: the head, the head's spouse, another relative."""
        sex = "1"
        for number in range(count):
            spouse = number % 3 == 1
            sex = ("2" if sex == "1" else "1") if spouse else self._random.choice("12")
            birth = date(1950, 1, 1) + timedelta(days=self._random.randrange(26_000))
            relation = ("02", "12" if sex == "2" else "11", "97")[number % 3]
            registered = max(birth, date(2016, 1, 1) + timedelta(days=self._random.randrange(3_000)))
            yield {
                "name": self._name(sex), "sex": sex, "birth_on": birth.isoformat(), "id_no": self._id_no(birth, sex),
                "ethnicity": "01", "nationality": "156", "household_no": f"{self._place}{number // 3:06}",
                "relation_to_head": relation, "registered_place": self._place,
                "registered_address": self._address(), "registering_station": "演示派出所", "resident_state": "1",
                "registered_on": registered.isoformat(), "phone": self._phone(), "remark": "演示数据",
            }  # fmt: skip

    def vehicles(self, count: int) -> Iterator[Row]:
        """Small cars with valid identification numbers."""
        for _ in range(count):
            first = date(2012, 1, 1) + timedelta(days=self._random.randrange(4_000))
            sex = self._random.choice("12")
            yield {
                "plate": f"浙{'A' if self._place < '3302' else 'B'}{self._random.randrange(10**5):05}", "plate_kind": "02",
                "vin": self._vin(), "registered_on": first.isoformat(), "first_registered_on": first.isoformat(),
                "registering_authority": "演示车辆管理所", "vehicle_state": "A", "vehicle_type": "K33", "use_kind": "A",
                "make": "演示牌", "colour": self._random.choice(_COLOURS), "ownership": "2", "owner_name": self._name(sex),
                "owner_address": self._address(), "owner_phone": self._phone(), "remark": "演示数据",
            }  # fmt: skip

    def cases(self, count: int) -> Iterator[Row]:
        """Cases, every fourth one with a loss that needs the final review."""
        for number in range(1, count + 1):
            category, charge, word, facts = self._random.choice(_CASES)
            day = date(2025, 1, 1) + timedelta(days=self._random.randrange(500))
            address = self._address()
            yield {
                "case_no": f"A{self._place}0000002025{number:06}", "case_name": f"{address[:10]}{word}案（演示）", "case_kind": "1",
                "category": category, "charges": charge, "occurred_on": day.isoformat(), "place": self._place,
                "address": address, "country": "156", "facts": facts + "。演示数据。",
                "loss_amount": str(680_000 if number % 4 == 0 else self._random.randrange(300, 9_000)), "deaths": "0",
                "injured": "0", "reported_on": day.isoformat(), "case_state": "30", "accepted_on": day.isoformat(),
                "filed_on": (day + timedelta(days=1)).isoformat(), "handling_unit": f"{self._county}分局刑侦大队（演示）",
                "officers": "李演示；王演示",
            }  # fmt: skip

    def violations(self, vehicles: list[Row], count: int) -> Iterator[Row]:
        """Traffic violations of the vehicles given."""
        for number in range(1, count + 1):
            car = self._random.choice(vehicles)
            day = date(2026, 1, 5) + timedelta(days=self._random.randrange(200))
            yield {
                "notice_no": f"{self._place}{number:010}", "occurred_on": day.isoformat(), "occurred_time": "08:31",
                "place": self._place, "address": self._address(), "act": "P06-08", "points": "6", "fine_amount": "200",
                "plate": car["plate"], "plate_kind": "02", "vehicle": car["vin"], "vehicle_type": "K33",
                "violation_state": "3", "handled_on": (day + timedelta(days=3)).isoformat(), "capture_method": "2",
            }  # fmt: skip

    def _name(self, sex: str) -> str:
        letters = "".join(self._random.choices(_GIVEN[sex], k=self._random.choice((1, 2, 2))))
        return self._random.choice(_SURNAMES) + letters

    def _address(self) -> str:
        street = self._random.choice(_STREETS)
        return f"{self._county}{street}{self._random.randrange(1, 400)}号{self._random.randrange(1, 30)}室（演示）"

    def _phone(self) -> str:
        # 1990000 is no range of any carrier: nobody can be called.
        return f"1990000{self._random.randrange(10**4):04}"

    def _id_no(self, birth: date, sex: str) -> str:
        serial = self._random.randrange(0, 499) * 2 + (1 if sex == "1" else 0)
        body = f"{self._place}{birth:%Y%m%d}{serial:03}"
        check = "10X98765432"[sum(int(one) * weight for one, weight in zip(body, _WEIGHTS, strict=True)) % 11]
        return body + check

    def _vin(self) -> str:
        body = f"LDM0000A{0}E{self._random.randrange(10**7):07}"[:17]
        total = sum(
            (int(one) if one.isdigit() else _VIN[one]) * weight for one, weight in zip(body, _VIN_WEIGHTS, strict=True)
        )
        check = "0123456789X"[total % 11]
        return body[:8] + check + body[9:]
