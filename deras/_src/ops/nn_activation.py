"""Activation functions: rectifiers and their smooth relatives."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from deras._src.core.dtypes import FLOATING, REAL, float32
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops.array_join import concat
from deras._src.ops.math_binary import add, multiply, negative
from deras._src.ops.math_cast import cast
from deras._src.ops.math_special import erf
from deras._src.ops.math_unary import sigmoid, tanh
from deras._src.ops.shapes import same_as_first
from deras._src.registry import op
from deras._src.util.export import export

# The gradients below are written out because they are TensorFlow's at the kinks, where the
# derivative of a lowering by jnp.maximum would be 1/2.


def _gated(name: str, label: str, gate: Any) -> Any:
    """The op `gradients where gate(features) else 0`."""

    @op(name, dtypes=REAL, shape=same_as_first, api_name=label)
    def lowering(gradients, features):
        return jnp.where(gate(features), gradients, jnp.zeros_like(gradients))

    return lowering


_relu_grad = _gated("ReluGrad", "nn.relu", lambda features: features > 0)
_relu6_grad = _gated("Relu6Grad", "nn.relu6", lambda features: (features > 0) & (features < 6))


@op(
    "Relu",
    dtypes=REAL,
    shape=same_as_first,
    gradient=lambda record, dy: apply(_relu_grad, (dy, record.outputs[0])),
    api_name="nn.relu",
)
def _relu(features):
    return lax.max(features, jnp.zeros_like(features))


@export("nn.relu")
def relu(features: Any, name: str | None = None) -> Any:
    """Rectifier: `max(features, 0)`. Its gradient at 0 is 0.

    Args:
      features: Real tensor of any shape.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `features`' shape and dtype; NaN stays NaN.
    Source: Nair, Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.

    >>> tf.nn.relu([-2.0, 0.0, 3.0]).numpy()
    array([0., 0., 3.], dtype=float32)
    """
    return apply(_relu, (features,), (), name)


@op(
    "Relu6",
    dtypes=REAL,
    shape=same_as_first,
    gradient=lambda record, dy: apply(_relu6_grad, (dy, record.outputs[0])),
    api_name="nn.relu6",
)
def _relu6(features):
    zero = jnp.zeros_like(features)
    return lax.min(lax.max(features, zero), jnp.full_like(features, 6))


@export("nn.relu6")
def relu6(features: Any, name: str | None = None) -> Any:
    """Rectifier with a ceiling: `min(max(features, 0), 6)`. Its gradient at 0 and 6 is 0.

    Args:
      features: Real tensor of any shape.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `features`' shape and dtype.
    Source: Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010.

    >>> tf.nn.relu6([-1.0, 3.0, 9.0]).numpy()
    array([0., 3., 6.], dtype=float32)
    """
    return apply(_relu6, (features,), (), name)


@export("nn.crelu")
def crelu(features: Any, axis: Any = -1, name: str | None = None) -> Any:
    """Rectified positive and negative parts, side by side.

    Args:
      features: Real tensor of rank at least 1.
      axis: Int, the axis to join along.
      name: Optional name of the node in graphs.
    Returns:
      Tensor twice as long along `axis`.
    Source: Shang et al., "Understanding and improving convolutional neural networks via
      concatenated rectified linear units", 2016.

    >>> tf.nn.crelu([-1.0, 2.0]).numpy()
    array([0., 2., 1., 0.], dtype=float32)
    """
    tensor = convert(features)
    return relu(concat([tensor, negative(tensor)], axis), name)


@op("LeakyReluGrad", dtypes=FLOATING, shape=same_as_first, api_name="nn.leaky_relu")
def _leaky_relu_grad(gradients, features, *, alpha):
    return jnp.where(features > 0, gradients, jnp.asarray(alpha, gradients.dtype) * gradients)


@op(
    "LeakyRelu",
    dtypes=FLOATING,
    shape=same_as_first,
    gradient=lambda record, dy: apply(_leaky_relu_grad, (dy, record.inputs[0]), record.attrs),
    api_name="nn.leaky_relu",
)
def _leaky_relu(features, *, alpha):
    return jnp.where(features > 0, features, jnp.asarray(alpha, features.dtype) * features)


@export("nn.leaky_relu")
def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """Leaky rectifier: `features` where positive, else `alpha * features`.

    Args:
      features: Floating tensor of any shape (integers become float32).
      alpha: Python float, slope for negative values. Default 0.2.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `features`' shape and dtype.
    Source: Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models",
      2013.

    >>> tf.nn.leaky_relu([-2.0, 0.0, 3.0]).numpy()
    array([-0.4,  0. ,  3. ], dtype=float32)
    """
    tensor = convert(features)
    if tensor.dtype.is_integer:
        tensor = cast(tensor, float32)
    slope = float(np.asarray(convert(alpha).host_array()))
    return apply(_leaky_relu, (tensor,), (("alpha", slope),), name)


@op("EluGrad", dtypes=FLOATING, shape=same_as_first, api_name="nn.elu")
def _elu_grad(gradients, outputs):
    return jnp.where(outputs < 0, gradients * (outputs + 1), gradients)


@op(
    "Elu",
    dtypes=FLOATING,
    shape=same_as_first,
    gradient=lambda record, dy: apply(_elu_grad, (dy, record.outputs[0])),
    api_name="nn.elu",
)
def _elu(features):
    return jnp.where(features < 0, jnp.expm1(features), features)


@export("nn.elu")
def elu(features: Any, name: str | None = None) -> Any:
    """Exponential linear unit: `features` where positive, else `exp(features) - 1`.

    Args:
      features: Floating tensor of any shape.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `features`' shape and dtype.
    Source: Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning by
      exponential linear units (ELUs)", 2015.

    >>> tf.nn.elu([-1.0, 0.0, 2.0]).numpy()
    array([-0.63212055,  0.        ,  2.        ], dtype=float32)
    """
    return apply(_elu, (features,), (), name)


_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_SCALE_ALPHA = 1.7580993408473768599402175208123


@op("SeluGrad", dtypes=FLOATING, shape=same_as_first, api_name="nn.selu")
def _selu_grad(gradients, outputs):
    scale = jnp.asarray(_SELU_SCALE, outputs.dtype)
    below = outputs + jnp.asarray(_SELU_SCALE_ALPHA, outputs.dtype)
    return jnp.where(outputs < 0, gradients * below, gradients * scale)


@op(
    "Selu",
    dtypes=FLOATING,
    shape=same_as_first,
    gradient=lambda record, dy: apply(_selu_grad, (dy, record.outputs[0])),
    api_name="nn.selu",
)
def _selu(features):
    below = jnp.asarray(_SELU_SCALE_ALPHA, features.dtype) * jnp.expm1(features)
    return jnp.where(features < 0, below, jnp.asarray(_SELU_SCALE, features.dtype) * features)


@export("nn.selu")
def selu(features: Any, name: str | None = None) -> Any:
    """Scaled exponential linear unit, the self-normalising constants built in.

    Args:
      features: Floating tensor of any shape.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `features`' shape and dtype.
    Source: Klambauer et al., "Self-normalizing neural networks", 2017.

    >>> tf.nn.selu([0.0, 1.0]).numpy()
    array([0.      , 1.050701], dtype=float32)
    """
    return apply(_selu, (features,), (), name)


# TensorFlow rounds these two to float32, whatever the dtype of the features.
_CUBIC = float(np.float32(0.044715))
_HALF_ROOT = float(np.float32(0.7071067811865476))


@export("nn.gelu")
def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Any:
    """Gaussian error linear unit: `x * P(X <= x)` for a standard normal X.

    Args:
      features: Floating tensor of any shape.
      approximate: Whether to use the tanh approximation. Default False.
      name: Optional name of the node in graphs.
    Returns:
      Tensor of `features`' shape and dtype.
    Raises:
      ValueError: `features` is not floating point.
    Source: Hendrycks, Gimpel, "Gaussian error linear units (GELUs)", 2016.

    >>> tf.nn.gelu([-1.0, 1.0]).numpy()
    array([-0.15865526,  0.8413447 ], dtype=float32)
    """
    x = convert(features)
    if not x.dtype.is_floating:
        raise ValueError(f"`features.dtype` must be a floating point tensor, got {x.dtype.name}")
    if approximate:
        inner = multiply(0.7978845608028654, add(x, multiply(_CUBIC, multiply(x, multiply(x, x)))))
        return multiply(multiply(0.5, x), add(1.0, tanh(inner)))
    return multiply(multiply(0.5, x), add(1.0, erf(multiply(x, _HALF_ROOT))))


@export("nn.silu", "nn.swish")
def silu(features: Any, beta: Any = 1.0) -> Any:
    """Swish: `features * sigmoid(beta * features)`.

    Args:
      features: Floating tensor of any shape.
      beta: Scalar of the same dtype. Default 1.
    Returns:
      Tensor of `features`' shape and dtype.
    Source: Ramachandran, Zoph, Le, "Searching for activation functions", 2017.

    >>> tf.nn.silu([-1.0, 1.0]).numpy()
    array([-0.26894143,  0.7310586 ], dtype=float32)
    """
    x = convert(features)
    return multiply(x, sigmoid(multiply(convert(beta, x.dtype), x)))
