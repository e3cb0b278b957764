"""Sums of many tensors of one shape."""

from __future__ import annotations

import functools
import operator

from deras._src.core.dtypes import NUMERIC
from deras._src.ops.shapes import same_as_first
from deras._src.registry import op


@op("AddN", dtypes=NUMERIC, shape=same_as_first, api_name="add_n")
def add_n_op(*inputs):
    return functools.reduce(operator.add, inputs)
