"""Comparing what a documented example prints with what is written there."""

from __future__ import annotations

import doctest
import math
import re

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# The last digits printed depend on the processor and on XLA's version; the op cases measure those.
RTOL, ATOL = 1e-5, 1e-6
NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?")


class NumberChecker(doctest.OutputChecker):
    """Takes floats that are nearly those wanted; all else must agree, spaces in arrays aside."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if super().check_output(want, got, optionflags):
            return True
        wanted, found = _tidy(want), _tidy(got)
        if NUMBER.sub("#", wanted) != NUMBER.sub("#", found):
            return False
        pairs = zip(NUMBER.findall(wanted), NUMBER.findall(found), strict=True)
        return all(a == b or _close(a, b) for a, b in pairs)


def _tidy(text: str) -> str:
    # Arrays pad their elements to one width, which changes with the digits.
    return re.sub(r"\s+", " ", re.sub(r"\s+(?=[,\]])|(?<=\[)\s+", "", text)).strip()


def _close(wanted: str, found: str) -> bool:
    if wanted.lstrip("+-").isdigit() or found.lstrip("+-").isdigit():
        return False
    return math.isclose(float(wanted), float(found), rel_tol=RTOL, abs_tol=ATOL)
