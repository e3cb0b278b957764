"""Rows of element-wise functions of one tensor."""

from __future__ import annotations

from .case import (
    COMPLEXES,
    FLOATS,
    SIGNED_INTS,
    Case,
    Raises,
    cnormal,
    ints,
    near,
    normal,
    positive,
    uniform,
    values,
)

INF, NAN = float("inf"), float("nan")
INEXACT = (*FLOATS, *COMPLEXES)
SPECIAL = values([0.0, -0.0, 1.0, -1.0, INF, -INF, NAN])
HALF = ("float32", "float64", "float16")
REFUSED = [Raises([ints(0, 3, (2,))], match="is int32; accepted")]
HALVES = values([0.5, 1.5, -0.5, -1.7, 2.3, 0.0])


def simple(name: str, source: object = None, **options: object) -> Case:
    """A function of floats and complex numbers that refuses integers."""
    return Case(name, [source or normal(3, 4)], **{"dtypes": INEXACT, "raises": REFUSED} | options)


def special(name: str) -> Case:
    """The same function at special points."""
    return Case(name, [SPECIAL], id=f"{name}-special", fd=False, empty=False)


CASES = [
    Case("math.abs", [normal(3, 4)], dtypes=(*FLOATS, *SIGNED_INTS), avoid=near(0.0)),
    Case("math.abs", [cnormal(3)], id="abs-complex"),
    special("math.abs"),
    Case("math.sign", [normal(3)], dtypes=(*FLOATS, *SIGNED_INTS), avoid=near(0.0)),
    Case("math.sign", [cnormal(3)], id="sign-complex", fd=False),
    Case("math.round", [HALVES], dtypes=(*FLOATS, "int32", "int64"), grad=None),
    Case("math.rint", [HALVES], grad=None),
    Case("math.ceil", [HALVES], dtypes=FLOATS, grad=None),
    Case("math.floor", [HALVES], dtypes=FLOATS, grad=None),
    simple("math.exp"),
    simple("math.expm1"),
    simple("math.log", positive(3, 4)),
    special("math.log"),
    simple("math.log1p", positive(3, 4)),
    simple("math.sqrt", positive(3, 4)),
    special("math.sqrt"),
    simple("math.rsqrt", positive(3, 4)),
    Case("math.square", [normal(3, 4)], dtypes=(*INEXACT, "int32", "uint8")),
    simple("math.sigmoid"),
    special("math.sigmoid"),
    simple("math.tanh"),
    simple("math.softplus", dtypes=FLOATS),
    special("math.softplus"),
    Case("nn.softsign", [normal(3, 4)], dtypes=FLOATS, avoid=near(0.0)),
    Case("math.log_sigmoid", [normal(3, 4)], dtypes=FLOATS),
    Case("math.is_nan", [SPECIAL], dtypes=FLOATS, grad=None),
    Case("math.is_inf", [SPECIAL], dtypes=FLOATS, grad=None),
    Case("math.is_finite", [SPECIAL], dtypes=FLOATS, grad=None),
    simple("math.sin"),
    simple("math.cos"),
    simple("math.tan", uniform(-1.0, 1.0, (3, 4))),
    simple("math.asin", uniform(-0.9, 0.9, (3, 4))),
    special("math.asin"),
    simple("math.acos", uniform(-0.9, 0.9, (3, 4))),
    simple("math.atan"),
    simple("math.sinh"),
    simple("math.cosh"),
    simple("math.asinh"),
    simple("math.acosh", uniform(1.2, 3.0, (3, 4))),
    special("math.acosh"),
    simple("math.atanh", uniform(-0.9, 0.9, (3, 4))),
    simple("math.erf", dtypes=FLOATS),
    simple("math.erfc", dtypes=FLOATS),
    simple("math.erfinv", uniform(-0.9, 0.9, (3, 4)), dtypes=("float32", "float64")),
    simple("math.erfcinv", uniform(0.1, 1.9, (3, 4)), dtypes=("float32", "float64"), raises=[]),
    simple("math.ndtri", uniform(0.1, 0.9, (3, 4)), dtypes=("float32", "float64")),
    simple("math.lgamma", positive(3, 4), dtypes=HALF),
    special("math.lgamma"),
    simple("math.digamma", positive(3, 4), dtypes=HALF),
    # The derivative by a has no derivative, in TensorFlow neither.
    Case("math.igamma", [positive(4), positive(4)], order2=False),
    Case("math.igamma", [values([0.0, 0.0, 1.0, -1.0]), values([0.0, 1.0, -1.0, 1.0])],
         id="igamma-edges", grad=None),
    Case("math.igammac", [positive(4), positive(4)], order2=False),
    Case("math.zeta", [uniform(1.5, 4.0, (4,)), positive(4)], grad=[1], grad_rtol=1e-5),
    Case("math.polygamma", [values([0.0, 1.0, 2.0, 3.0]), positive(4)], grad=[1], grad_rtol=1e-5),
    Case("math.betainc", [positive(4), positive(4), uniform(0.1, 0.9, (4,))], grad=[2]),
    Case("math.lbeta", [positive(3, 4)]),
    simple("math.special.dawsn", dtypes=("float32", "float64"), grad_rtol=1e-5),
    simple("math.special.expint", positive(3, 4), dtypes=("float32", "float64")),
    simple("math.special.fresnel_cos", dtypes=("float32", "float64")),
    simple("math.special.fresnel_sin", dtypes=("float32", "float64")),
    simple("math.special.spence", positive(3, 4), dtypes=("float32", "float64")),
    *(
        simple(f"math.special.bessel_{kind}", uniform(0.3, 12.0, (7,)), dtypes=HALF,
               rtol={"float32": 1e-5}, atol={"float32": 2e-7}, grad_rtol=1e-5)
        for kind in ("i0e", "i1e", "j0", "j1", "y0", "y1", "k0e", "k1e")
    ),
    *(
        simple(f"math.special.bessel_{kind}", uniform(0.3, 4.0, (7,)), dtypes=HALF,
               grad_rtol=1e-5)
        for kind in ("i0", "i1", "k0", "k1")
    ),
]  # fmt: skip
