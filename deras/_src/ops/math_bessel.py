"""Bessel functions of orders 0 and 1.

I, and exp(-|x|) I, are JAX's. For J, Y and K each half-axis is cut in two. Near 0, up to 8 for J
and Y, the function less its logarithm is a Chebyshev series in (x / 8)**2; up to 2 for K it is its
power series. Beyond, J and Y are amplitude and phase (their slowly varying factors P and Q again
Chebyshev series in (8 / x)**2), and exp(x) sqrt(x) K a series in 2 / x. The coefficients were
computed with 40 digits from the functions' definitions; all is evaluated in float64, where the
error is about 1e-15, and rounded once.

Source: Abramowitz, Stegun, "Handbook of Mathematical Functions", 1964, sections 9.1, 9.2, 9.6.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.dispatch.apply import apply
from deras._src.ops.math_special import HALF_AND_WIDE, in_float64
from deras._src.ops.math_support import scalar
from deras._src.ops.shapes import same_as_first
from deras._src.registry import op
from deras._src.util.export import export

_J0_NEAR = (
    0.15772797147489012, -0.008723442352852221, 0.2651786132033368, -0.37009499387264977,
    0.15806710233209725, -0.034893769411408884, 0.004819180069467605, -0.00046062616620627504,
    3.246032882100508e-05, -1.7619469077621507e-06, 7.608163592418782e-08, -2.679253530557673e-09,
    7.848696314479465e-11, -1.9438346867370164e-12, 4.125320595634374e-14, -7.588508125447546e-16,
    1.2218515873961411e-17,
)  # fmt: skip
_J1_NEAR = (
    0.08104484632565812, -0.1489751450676521, 0.1609992623572097, -0.08268049176681791,
    0.022213639654966037, -0.003646940600769276, 0.0004050337728354822, -3.255554866857259e-05,
    1.9858774049915165e-06, -9.521984756750436e-08, 3.687133759097148e-09, -1.178026622695885e-10,
    3.160154580348003e-12, -7.221755239651773e-14, 1.4232144003513942e-15, -2.4441972916190464e-17,
)  # fmt: skip
_Y0_NEAR = (
    -0.03314611320328494, -0.2744743055297453, 0.17903431407718265, 0.26156734625504663,
    -0.17730201278114358, 0.04719668959576339, -0.007287962479552079, 0.0007531135932577742,
    -5.632079141056987e-05, 3.206532537654801e-06, -1.44072332740187e-07, 5.248794787330516e-09,
    -1.5837552541812015e-10, 4.02633081830612e-12, -8.747341203310769e-14, 1.6434898714919468e-15,
    -2.6977881152566837e-17,
)  # fmt: skip
_Y1_NEAR = (
    0.0025380132357417816, -0.01608717304766875, -0.09591204536083074, 0.08445197259652346,
    -0.028328123944594365, 0.005289897544167113, -0.0006414551451326356, 5.505982873338744e-05,
    -3.53808001868935e-06, 1.7707804556154404e-07, -7.11055004989928e-09, 2.344337905911516e-10,
    -6.4651518414115946e-12, 1.51429151205002e-13, -3.0511859694473254e-15, 5.34668038572867e-17,
)  # fmt: skip
_P0_FAR = (
    0.9994603493475187, -0.0005365220468132117, 3.0751847875194745e-06, -5.1705945376060975e-08,
    1.6306464635151382e-09, -7.86409137723707e-11, 5.168262387349193e-12, -4.3045788699253914e-13,
    4.3265957431549404e-14, -5.069034095935236e-15, 6.748072215733873e-16, -1.0011513723467786e-16,
    1.6305919233744186e-17,
)  # fmt: skip
_Q0_FAR = (
    -0.015555854605337009, 6.838519942611649e-05, -7.414498411060647e-07, 1.7972457247968992e-08,
    -7.27191593686632e-10, 4.2201219046687385e-11, -3.206747420996635e-12, 3.006145125351706e-13,
    -3.336328185322427e-14, 4.255225040245461e-15, -6.09993013164005e-16, 9.662128970303257e-17,
    -1.6686065214378146e-17, 3.1082440486738143e-18, -6.191115787358145e-19,
)  # fmt: skip
_P1_FAR = (
    1.0009030408600137, 0.0008989898330859408, -3.987284300488908e-06, 6.177633960644299e-08,
    -1.8718907491063067e-09, 8.816898659582339e-11, -5.704863640395645e-12, 4.699195515230542e-13,
    -4.6842237839904895e-14, 5.452674896044717e-15, -7.221180842274018e-16, 1.0667689114335412e-16,
    -1.7312313216116335e-17,
)  # fmt: skip
_Q1_FAR = (
    0.04677778706953532, -9.62772354915708e-05, 9.138615257955454e-07, -2.0959781384083424e-08,
    8.229193327650554e-10, -4.686363688176945e-11, 3.5152187949686082e-12, -3.2643156743279e-13,
    3.5967765829165294e-14, -4.5612523950772974e-15, 6.508282957783384e-16, -1.0269147531823243e-16,
    1.767635548776479e-17, -3.2834519872981614e-18, 6.524081149589261e-19,
)  # fmt: skip
_K0_FAR = (
    1.2201515410329777, -0.0314481013119645, 0.0015698838857300533, -0.00012849549581627802,
    1.39498137188765e-05, -1.8317555227191195e-06, 2.766813639445015e-07, -4.660489897687948e-08,
    8.574034017414225e-09, -1.6975345093890614e-09, 3.5773972814003283e-10, -7.957489244477396e-11,
    1.8559491149549264e-11, -4.514597883374519e-12, 1.1403405882073441e-12, -2.9800969231481784e-13,
    8.032890775068375e-14, -2.2275133267462965e-14, 6.340076476276646e-15, -1.848593377920907e-15,
    5.5120559994043335e-16, -1.6782311257549006e-16, 5.2103917776435543e-17,
)  # fmt: skip
_K1_FAR = (
    1.3603130952422213, 0.10392373657681724, -0.002857816859622779, 0.00019521551847135162,
    -1.936197974166083e-05, 2.406484947837217e-06, -3.5019606030878126e-07, 5.7410841254500495e-08,
    -1.0345762465678097e-08, 2.0150497551970347e-09, -4.1903547593419254e-10, 9.218315187605315e-11,
    -2.129967838427791e-11, 5.139639673482343e-12, -1.2891739609498229e-12, 3.348419666052243e-13,
    -8.976705182010146e-14, 2.4771544242195988e-14, -7.0198370892147685e-15, 2.038703166239861e-15,
    -6.057047270643018e-16, 1.8380935752430455e-16, -5.689462849193648e-17,
)  # fmt: skip


_EULER_GAMMA = 0.5772156649015329
_TERMS = 13  # of the power series of K: the next term is below 1e-20 at x = 2


def _f(value: float) -> Any:
    return np.float64(value)


def _chebyshev(coefficients: tuple[float, ...], s: Any) -> Any:
    """The series at s in [0, 1], by Clenshaw's recurrence on z = 2 s - 1."""
    z = s + s - _f(1)
    double = z + z
    last, before = jnp.zeros_like(s), jnp.zeros_like(s)
    for c in reversed(coefficients[1:]):
        last, before = double * last - before + _f(c), last
    return z * last - before + _f(coefficients[0])


def _near(x: Any) -> Any:
    return lax.square(jnp.minimum(x, _f(8)) / _f(8))


def _wave(order: int, x: Any) -> tuple[Any, Any, Any]:
    """sqrt(2 / (pi x)) times P and Q, and the (cosine, sine) of the phase, for x >= 8."""
    x = jnp.where(jnp.isfinite(x), jnp.maximum(x, _f(8)), _f(8))
    s = lax.square(_f(8) / x)
    p, q = ((_P0_FAR, _Q0_FAR), (_P1_FAR, _Q1_FAR))[order]
    size = lax.sqrt(_f(2 / np.pi) / x)
    cosine, sine = lax.cos(x), lax.sin(x)
    # The phase x - pi/4 (or x - 3 pi/4) by the addition theorem: no digit of x is lost.
    half = _f(np.sqrt(0.5))
    first, second = (cosine + sine) * half, (sine - cosine) * half
    phase = (first, second) if order == 0 else (second, -first)
    return size * _chebyshev(p, s), size * _chebyshev(q, s) * _f(8) / x, phase


def _far_j(order: int, x: Any) -> Any:
    p, q, (cosine, sine) = _wave(order, x)
    value = p * cosine - q * sine
    return jnp.where(jnp.isinf(x), _f(0), jnp.where(jnp.isnan(x), _f(np.nan), value))


def _far_y(order: int, x: Any) -> Any:
    p, q, (cosine, sine) = _wave(order, x)
    value = p * sine + q * cosine
    return jnp.where(jnp.isinf(x), _f(0), jnp.where(jnp.isnan(x), _f(np.nan), value))


def _j0(x: Any) -> Any:
    x = lax.abs(x)
    return jnp.where(x <= _f(8), _chebyshev(_J0_NEAR, _near(x)), _far_j(0, x))


def _j1(x: Any) -> Any:
    size = lax.abs(x)
    value = jnp.where(size <= _f(8), size * _chebyshev(_J1_NEAR, _near(size)), _far_j(1, size))
    return jnp.where(x < _f(0), -value, value)


def _positive(x: Any) -> Any:
    return jnp.where(x > _f(0), x, _f(1))


def _on_positive(x: Any, value: Any, at_zero: float) -> Any:
    """`value` for x > 0, its limit at 0; below 0 that limit too, as in TensorFlow."""
    value = jnp.where(x <= _f(0), _f(at_zero), value)
    return jnp.where(jnp.isnan(x), x, value)


def _y0(x: Any) -> Any:
    safe = jnp.minimum(_positive(x), _f(8))
    near = _chebyshev(_Y0_NEAR, _near(safe)) + _f(2 / np.pi) * lax.log(safe) * _j0(safe)
    return _on_positive(x, jnp.where(x <= _f(8), near, _far_y(0, x)), -np.inf)


def _y1(x: Any) -> Any:
    safe = jnp.minimum(_positive(x), _f(8))
    near = safe * _chebyshev(_Y1_NEAR, _near(safe)) + _f(2 / np.pi) * (
        lax.log(safe) * _j1(safe) - _f(1) / safe
    )
    return _on_positive(x, jnp.where(x <= _f(8), near, _far_y(1, x)), -np.inf)


def _k_near(order: int, x: Any) -> Any:
    """K by its power series, 0 < x <= 2."""
    t = lax.square(x) * _f(0.25)
    log = lax.log(x * _f(0.5))
    total, term, harmonic = jnp.zeros_like(x), jnp.ones_like(x), 0.0
    for k in range(_TERMS):
        # psi(k + 1) = harmonic - gamma, psi(k + 2) one term further.
        psi = harmonic - _EULER_GAMMA
        if order == 0:
            total = total + term * (_f(psi) - log)
        else:
            both = (psi + psi + 1 / (k + 1)) / 2
            total = total + term / _f(k + 1) * (log - _f(both))
        harmonic += 1 / (k + 1)
        term = term * t / _f((k + 1) ** 2)
    return total if order == 0 else _f(1) / x + x * _f(0.5) * total


def _k(order: int, x: Any, scaled: bool) -> Any:
    """K, or exp(x) K."""
    safe = _positive(x)
    low, high = jnp.minimum(safe, _f(2)), jnp.maximum(safe, _f(2))
    near = _k_near(order, low)
    far = _chebyshev((_K0_FAR, _K1_FAR)[order], _f(2) / high) / lax.sqrt(high)
    if scaled:
        near = near * lax.exp(low)
    else:
        far = far * lax.exp(-high)
    return _on_positive(x, jnp.where(safe <= _f(2), near, far), np.inf)


def _i0e(x: Any) -> Any:
    return in_float64(lax.bessel_i0e, x)


def _i1e(x: Any) -> Any:
    return in_float64(lax.bessel_i1e, x)


def _i0(x: Any) -> Any:
    return in_float64(lambda v: lax.exp(lax.abs(v)) * lax.bessel_i0e(v), x)


def _i1(x: Any) -> Any:
    return in_float64(lambda v: lax.exp(lax.abs(v)) * lax.bessel_i1e(v), x)


def _with_output(name: str, partial: Any) -> Any:
    """A gradient function: the incoming gradient times `partial(x, y)` of input and output."""

    @op(f"{name}Grad", dtypes=HALF_AND_WIDE, shape=same_as_first, api_name=f"math.special.{name}")
    def gradient_op(x, y, dy):
        return dy * partial(x, y)

    return lambda record, dy: (apply(gradient_op, (record.inputs[0], record.outputs[0], dy)),)


def _over(y: Any, x: Any, at_zero: float) -> Any:
    """y / x, and its limit at 0."""
    zero = x == scalar(0, x)
    return jnp.where(zero, scalar(at_zero, x), y / jnp.where(zero, scalar(1, x), x))


def _i1_slope(x: Any, y: Any) -> Any:
    # The slope at 0 is 1/2; TensorFlow gives 1 there, and so does this.
    return jnp.where(x == scalar(0, x), scalar(1, x), _i0(x) - _over(y, x, 0.5))


def _i1e_slope(x: Any, y: Any) -> Any:
    zero = x == scalar(0, x)
    safe = jnp.where(zero, scalar(1, x), x)
    slope = _i0e(safe) - y * (lax.sign(safe) + scalar(1, x) / safe)
    return jnp.where(zero, scalar(0.5, x), slope)


@op(
    "BesselI0",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output("BesselI0", lambda x, y: _i1(x)),
    api_name="math.special.bessel_i0",
)
def _bessel_i0(x):
    return _i0(x)


@export("math.bessel_i0", "math.special.bessel_i0")
def bessel_i0(x: Any, name: str | None = None) -> Any:
    """The modified Bessel function of the first kind, order 0.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_i0([0.0, 1.0]).numpy()
    array([1.       , 1.2660658], dtype=float32)
    """
    return apply(_bessel_i0, (x,), (), name)


@op(
    "BesselI0e",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output("BesselI0e", lambda x, y: _i1e(x) - lax.sign(x) * y),
    api_name="math.special.bessel_i0e",
)
def _bessel_i0e(x):
    return _i0e(x)


@export("math.bessel_i0e", "math.special.bessel_i0e")
def bessel_i0e(x: Any, name: str | None = None) -> Any:
    """The modified Bessel function of the first kind, order 0, times `exp(-|x|)`.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_i0e([0.0, 1.0]).numpy()
    array([1.       , 0.4657596], dtype=float32)
    """
    return apply(_bessel_i0e, (x,), (), name)


@op(
    "BesselI1",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output("BesselI1", _i1_slope),
    api_name="math.special.bessel_i1",
)
def _bessel_i1(x):
    return _i1(x)


@export("math.bessel_i1", "math.special.bessel_i1")
def bessel_i1(x: Any, name: str | None = None) -> Any:
    """The modified Bessel function of the first kind, order 1.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_i1([0.0, 1.0]).numpy()
    array([0.       , 0.5651591], dtype=float32)
    """
    return apply(_bessel_i1, (x,), (), name)


@op(
    "BesselI1e",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output("BesselI1e", _i1e_slope),
    api_name="math.special.bessel_i1e",
)
def _bessel_i1e(x):
    return _i1e(x)


@export("math.bessel_i1e", "math.special.bessel_i1e")
def bessel_i1e(x: Any, name: str | None = None) -> Any:
    """The modified Bessel function of the first kind, order 1, times `exp(-|x|)`.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_i1e([0.0, 1.0]).numpy()
    array([0.        , 0.20791042], dtype=float32)
    """
    return apply(_bessel_i1e, (x,), (), name)


@op(
    "BesselJ0",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output("BesselJ0", lambda x, y: -in_float64(_j1, x)),
    api_name="math.special.bessel_j0",
)
def _bessel_j0(x):
    return in_float64(_j0, x)


@export("math.special.bessel_j0")
def bessel_j0(x: Any, name: str | None = None) -> Any:
    """The Bessel function of the first kind, order 0.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_j0([0.0, 1.0]).numpy()
    array([1.       , 0.7651977], dtype=float32)
    """
    return apply(_bessel_j0, (x,), (), name)


@op(
    "BesselJ1",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output("BesselJ1", lambda x, y: in_float64(_j0, x) - _over(y, x, 0.5)),
    api_name="math.special.bessel_j1",
)
def _bessel_j1(x):
    return in_float64(_j1, x)


@export("math.special.bessel_j1")
def bessel_j1(x: Any, name: str | None = None) -> Any:
    """The Bessel function of the first kind, order 1.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_j1([0.0, 1.0]).numpy()
    array([0.        , 0.44005057], dtype=float32)
    """
    return apply(_bessel_j1, (x,), (), name)


@op(
    "BesselY0",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output("BesselY0", lambda x, y: -in_float64(_y1, x)),
    api_name="math.special.bessel_y0",
)
def _bessel_y0(x):
    return in_float64(_y0, x)


@export("math.special.bessel_y0")
def bessel_y0(x: Any, name: str | None = None) -> Any:
    """The Bessel function of the second kind, order 0; infinite up to 0.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_y0([0.0, 1.0]).numpy()
    array([      -inf, 0.08825696], dtype=float32)
    """
    return apply(_bessel_y0, (x,), (), name)


@op(
    "BesselY1",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output("BesselY1", lambda x, y: in_float64(_y0, x) - y / x),
    api_name="math.special.bessel_y1",
)
def _bessel_y1(x):
    return in_float64(_y1, x)


@export("math.special.bessel_y1")
def bessel_y1(x: Any, name: str | None = None) -> Any:
    """The Bessel function of the second kind, order 1; infinite up to 0.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_y1([0.0, 1.0]).numpy()
    array([      -inf, -0.7812128], dtype=float32)
    """
    return apply(_bessel_y1, (x,), (), name)


@op(
    "BesselK0",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output("BesselK0", lambda x, y: -in_float64(lambda v: _k(1, v, False), x)),
    api_name="math.special.bessel_k0",
)
def _bessel_k0(x):
    return in_float64(lambda v: _k(0, v, False), x)


@export("math.special.bessel_k0")
def bessel_k0(x: Any, name: str | None = None) -> Any:
    """The modified Bessel function of the second kind, order 0; infinite up to 0.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_k0([0.0, 1.0]).numpy()
    array([       inf, 0.42102444], dtype=float32)
    """
    return apply(_bessel_k0, (x,), (), name)


@op(
    "BesselK0e",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output("BesselK0e", lambda x, y: y - in_float64(lambda v: _k(1, v, True), x)),
    api_name="math.special.bessel_k0e",
)
def _bessel_k0e(x):
    return in_float64(lambda v: _k(0, v, True), x)


@export("math.special.bessel_k0e")
def bessel_k0e(x: Any, name: str | None = None) -> Any:
    """The modified Bessel function of the second kind, order 0, times `exp(x)`.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_k0e([0.0, 1.0]).numpy()
    array([      inf, 1.1444631], dtype=float32)
    """
    return apply(_bessel_k0e, (x,), (), name)


@op(
    "BesselK1",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output(
        "BesselK1", lambda x, y: -in_float64(lambda v: _k(0, v, False), x) - y / x
    ),
    api_name="math.special.bessel_k1",
)
def _bessel_k1(x):
    return in_float64(lambda v: _k(1, v, False), x)


@export("math.special.bessel_k1")
def bessel_k1(x: Any, name: str | None = None) -> Any:
    """The modified Bessel function of the second kind, order 1; infinite up to 0.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_k1([0.0, 1.0]).numpy()
    array([       inf, 0.60190725], dtype=float32)
    """
    return apply(_bessel_k1, (x,), (), name)


@op(
    "BesselK1e",
    dtypes=HALF_AND_WIDE,
    shape=same_as_first,
    gradient=_with_output(
        "BesselK1e",
        lambda x, y: (
            y * (scalar(1, x) - scalar(1, x) / x) - in_float64(lambda v: _k(0, v, True), x)
        ),
    ),
    api_name="math.special.bessel_k1e",
)
def _bessel_k1e(x):
    return in_float64(lambda v: _k(1, v, True), x)


@export("math.special.bessel_k1e")
def bessel_k1e(x: Any, name: str | None = None) -> Any:
    """The modified Bessel function of the second kind, order 1, times `exp(x)`.

    Args:
      x: Tensor; float16, float32 or float64.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `x`'s shape and dtype.

    >>> tf.math.special.bessel_k1e([0.0, 1.0]).numpy()
    array([      inf, 1.6361535], dtype=float32)
    """
    return apply(_bessel_k1e, (x,), (), name)
