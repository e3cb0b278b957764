"""glibc's float32 `logf` and `sincosf`, bit for bit, as elementwise JAX code.

TensorFlow's Box-Muller transform on Linux calls these two. They are not correctly rounded (log
is off in 0.7 % of arguments, sine and cosine in 1.3 %), so equal weights from equal seeds need
the same approximations, not better ones. Both work in float64 and round once at the end; the
order of operations and fused multiply-adds move that result by about 1e-16, which reaches the
rounded float32 once in some hundred million values.

This is also faster than XLA's float64 `log`, `sin` and `cos` (see `philox.py`).

Source of the approximations and their coefficients: Arm, "Optimized Routines", which glibc uses
since 2.28. Domains here are those Box-Muller needs, no more.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

_F64 = np.float64

# log: the mantissa range is cut in 16; for each part, 1/c and log(c) of a point c inside.
_LOG_RECIPROCAL = [
    "0x1.661ec79f8f3bep+0", "0x1.571ed4aaf883dp+0", "0x1.49539f0f010bp+0",
    "0x1.3c995b0b80385p+0", "0x1.30d190c8864a5p+0", "0x1.25e227b0b8eap+0",
    "0x1.1bb4a4a1a343fp+0", "0x1.12358f08ae5bap+0", "0x1.0953f419900a7p+0",
    "0x1p+0", "0x1.e608cfd9a47acp-1", "0x1.ca4b31f026aap-1",
    "0x1.b2036576afce6p-1", "0x1.9c2d163a1aa2dp-1", "0x1.886e6037841edp-1",
    "0x1.767dcf5534862p-1",
]  # fmt: skip
_LOG_OF_POINT = [
    "-0x1.57bf7808caadep-2", "-0x1.2bef0a7c06ddbp-2", "-0x1.01eae7f513a67p-2",
    "-0x1.b31d8a68224e9p-3", "-0x1.6574f0ac07758p-3", "-0x1.1aa2bc79c81p-3",
    "-0x1.a4e76ce8c0e5ep-4", "-0x1.1973c5a611cccp-4", "-0x1.252f438e10c1ep-5",
    "0x0p+0", "0x1.aa5aa5df25984p-5", "0x1.c5e53aa362eb4p-4",
    "0x1.526e57720db08p-3", "0x1.bc2860d22477p-3", "0x1.1058bc8a07ee1p-2",
    "0x1.4043057b6ee09p-2",
]  # fmt: skip
_LOG_TABLE = np.array(
    [[_F64.fromhex(value) for value in row] for row in (_LOG_RECIPROCAL, _LOG_OF_POINT)]
)
_LOG_OFFSET = np.uint32(0x3F330000)  # bits of the float32 where the 16 parts begin
_LOG_POLY = [
    _F64.fromhex(value)
    for value in ("-0x1.ffffef20a4123p-2", "0x1.5575b0be00b6ap-2", "-0x1.00ea348b88334p-2")
]
_LN_2 = _F64.fromhex("0x1.62e42fefa39efp-1")

_HALF_PI = _F64.fromhex("0x1.921fb54442d18p0")
_INVERSE_HALF_PI = _F64.fromhex("0x1.45f306dc9c883p-1")
# sin(r) = r + S0 r^3 + S1 r^5 + S2 r^7 and cos(r) = 1 + C0 r^2 + ... + C3 r^8 on |r| <= pi/4.
_SIN_POLY = [
    _F64.fromhex(value)
    for value in ("-0x1.555545995a603p-3", "0x1.1107605230bc4p-7", "-0x1.994eb3774cf24p-13")
]
_COS_POLY = [
    _F64.fromhex(value)
    for value in (
        "-0x1.ffffffd0c621cp-2",
        "0x1.55553e1068f19p-5",
        "-0x1.6c087e89a359dp-10",
        "0x1.99343027bf8c3p-16",
    )
]


def logf(value: jax.Array) -> jax.Array:
    """Natural logarithm of positive, normal float32 values."""
    bits = lax.bitcast_convert_type(value, jnp.uint32)
    shifted = bits - _LOG_OFFSET
    part = ((shifted >> np.uint32(19)) & np.uint32(15)).astype(jnp.int32)
    exponent = lax.bitcast_convert_type(shifted, jnp.int32) >> np.int32(23)
    mantissa = lax.bitcast_convert_type(bits - (shifted & np.uint32(0xFF800000)), jnp.float32)
    table = jnp.asarray(_LOG_TABLE)
    rest = mantissa.astype(jnp.float64) * table[0][part] - _F64(1)
    head = table[1][part] + exponent.astype(jnp.float64) * _LN_2 + rest
    square = rest * rest
    tail = _LOG_POLY[0] + rest * _LOG_POLY[1] + square * _LOG_POLY[2]
    return (tail * square + head).astype(jnp.float32)


def sincosf(angle: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Sine and cosine of float32 angles in [0, 120)."""
    wide = angle.astype(jnp.float64)
    # The quarter turn nearest to the angle, found in fixed point as glibc finds it.
    fixed = (wide * (_INVERSE_HALF_PI * _F64(2.0**24))).astype(jnp.int32)
    quarter = (fixed + np.int32(0x800000)) >> np.int32(24)
    rest = wide - quarter.astype(jnp.float64) * _HALF_PI
    square = rest * rest
    sine = _SIN_POLY[1] + square * _SIN_POLY[2]
    sine = rest + rest * square * (_SIN_POLY[0] + square * sine)
    cosine = _COS_POLY[2] + square * _COS_POLY[3]
    cosine = _F64(1) + square * (_COS_POLY[0] + square * (_COS_POLY[1] + square * cosine))
    odd = (quarter & np.int32(1)) != np.int32(0)
    first = jnp.where(odd, cosine, sine)
    second = jnp.where(odd, sine, cosine)
    # Quarters 2, 3 turn the sine around, quarters 1, 2 the cosine.
    minus_first = (quarter & np.int32(2)) != np.int32(0)
    minus_second = ((quarter + np.int32(1)) & np.int32(2)) != np.int32(0)
    first = jnp.where(minus_first, -first, first)
    second = jnp.where(minus_second, -second, second)
    return first.astype(jnp.float32), second.astype(jnp.float32)
