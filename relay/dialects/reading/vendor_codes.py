"""What compatible servers mean by the numbers that they put into an error, often inside a 200: one table.

PURE. The same number means different things at different vendors, so each row names the shape that it comes
in. Numbers that are HTTP statuses need no row. From the vendors' documentation: docs.bigmodel.cn and
docs.z.ai ("error codes"), platform.minimax.io ("error codes"), ai.baidu.com and cloud.baidu.com ("错误码").
"""

from typing import Literal, NamedTuple

VendorShape = Literal["error.code", "base_resp", "error_code"]
"""``{"error": {"code": "1302"}}``, ``{"base_resp": {"status_code": 1002}}``, ``{"error_code": 18}``."""


class VendorCode(NamedTuple):
    """The HTTP status that says the same; ``is_account`` marks what is about the account and its money."""

    status: int
    is_account: bool = False

    @property
    def is_empty_purse(self) -> bool:
        """Is the account's money used up?"""
        return self == _BROKE


_BROKE = VendorCode(429, is_account=True)
_REFUSED = VendorCode(403, is_account=True)
_LIMITED, _OVERLOADED, _FAILED = VendorCode(429), VendorCode(503), VendorCode(500)
_KEY, _BAD, _MISSING = VendorCode(401), VendorCode(400), VendorCode(404)

_GLM: dict[int, VendorCode] = {
    **dict.fromkeys((1000, 1001, 1002, 1003, 1004, 1100), _KEY),
    **dict.fromkeys((1110, 1111, 1112, 1121, 1220, 1309, 1311), _REFUSED),
    1113: _BROKE,
    **dict.fromkeys((1120, 1200, 1230, 1234), _FAILED),
    **dict.fromkeys((1210, 1212, 1213, 1214, 1215, 1231, 1261, 1300, 1301), _BAD),
    **dict.fromkeys((1211, 1221, 1222), _MISSING),
    **dict.fromkeys((1302, 1303, 1304, 1308, 1310, 1313), _LIMITED),
    **dict.fromkeys((1305, 1312), _OVERLOADED),
}
_MINIMAX: dict[int, VendorCode] = {
    **dict.fromkeys((1000, 1013, 1024, 1033), _FAILED),
    1001: VendorCode(504),
    **dict.fromkeys((1002, 1039, 1041, 2045, 2056), _LIMITED),
    **dict.fromkeys((1004, 2049), _KEY),
    1008: _BROKE,
    **dict.fromkeys((1026, 1027, 1042, 2013), _BAD),
}
_BAIDU: dict[int, VendorCode] = {
    **dict.fromkeys((1, 336000), _FAILED),
    **dict.fromkeys((2, 4, 336100), _OVERLOADED),
    **dict.fromkeys((3, 336002, 336003, 336006, 336007, 336103), _BAD),
    6: _REFUSED,
    **dict.fromkeys((13, 14, 15, 100, 110, 111), _KEY),
    **dict.fromkeys((17, 19), _BROKE),
    **dict.fromkeys((18, 336501, 336502), _LIMITED),
}
_TABLE: dict[VendorShape, tuple[str, dict[int, VendorCode]]] = {
    "error.code": ("GLM", _GLM),
    "base_resp": ("MiniMax", _MINIMAX),
    "error_code": ("Baidu", _BAIDU),
}


def vendor_code(shape: VendorShape, told: object) -> VendorCode | None:
    """What the number ``told`` (also as text) means in ``shape``; None for one that is not in the table."""
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 9:
        told = int(told)
    return _TABLE[shape][1].get(told) if type(told) is int else None
