"""Vendors' numbers, as the statuses that say the same."""

import pytest

from relay.dialects.reading.vendor_codes import VendorCode, vendor_code


def test_a_number_means_what_its_vendor_says(subtests: pytest.Subtests) -> None:
    """The same number means different things in the shapes of different vendors."""
    for shape, told, expected in [
        ("error.code", "1302", VendorCode(429)),
        ("error.code", 1302, VendorCode(429)),
        ("error.code", "1113", VendorCode(429, is_account=True)),
        ("error.code", "1002", VendorCode(401)),
        ("base_resp", 1002, VendorCode(429)),
        ("base_resp", 1008, VendorCode(429, is_account=True)),
        ("error_code", 18, VendorCode(429)),
        ("error_code", "110", VendorCode(401)),
        ("error.code", "429", None),
        ("error.code", None, None),
        ("error.code", ["1302"], None),
        ("error.code", "9" * 30, None),
        ("error.code", True, None),
    ]:
        with subtests.test(f"{shape, told, expected!r:.120}"):
            assert vendor_code(shape, told) == expected
