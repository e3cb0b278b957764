"""Tensor's operators, methods and indexing: attached here, nowhere else."""

from __future__ import annotations

from typing import Any

from deras._src.core.tensor import Tensor
from deras._src.ops import math_binary, math_division

for _name, _op in (("add", math_binary._add), ("sub", math_binary._subtract), ("mul", math_binary._multiply), ("truediv", math_division._real_divide)):
    def _make(_op):
        from deras._src.dispatch.apply import apply
        def forward(self, other): return apply(_op, (self, other))
        def reverse(self, other): return apply(_op, (other, self))
        return forward, reverse
    _f, _r = _make(_op)
    setattr(Tensor, f"__{_name}__", _f); setattr(Tensor, f"__r{_name}__", _r)
