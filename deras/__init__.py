"""Deras: TensorFlow 2's programming model on JAX and XLA.

    import deras as tf

The names, arguments, numbers and errors are TensorFlow's; `docs/differences.md` has the exceptions.
`deras.install()` makes `import tensorflow` mean Deras in the whole process.
"""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

import importlib as _importlib
from typing import Any as _Any

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.util.version import __version__ as __version__
from deras._src.compat.install import install as install
from deras._src.control_flow.branches import case as case
from deras._src.control_flow.branches import cond as cond
from deras._src.control_flow.branches import switch_case as switch_case
from deras._src.control_flow.custom_gradient import RegisterGradient as RegisterGradient
from deras._src.control_flow.custom_gradient import custom_gradient as custom_gradient
from deras._src.control_flow.custom_gradient import grad_pass_through as grad_pass_through
from deras._src.control_flow.custom_gradient import no_gradient as no_gradient
from deras._src.control_flow.custom_gradient import recompute_grad as recompute_grad
from deras._src.control_flow.functional import foldl as foldl
from deras._src.control_flow.functional import foldr as foldr
from deras._src.control_flow.functional import map_fn as map_fn
from deras._src.control_flow.functional import scan as scan
from deras._src.control_flow.functional import vectorized_map as vectorized_map
from deras._src.control_flow.py_function import numpy_function as numpy_function
from deras._src.control_flow.py_function import py_function as py_function
from deras._src.control_flow.tensor_array import TensorArray as TensorArray
from deras._src.control_flow.tensor_array import TensorArraySpec as TensorArraySpec
from deras._src.control_flow.while_op import while_loop as while_loop
from deras._src.core.context import executing_eagerly as executing_eagerly
from deras._src.core.context import init_scope as init_scope
from deras._src.core.context import inside_function as inside_function
from deras._src.core.devices import DeviceSpec as DeviceSpec
from deras._src.core.devices import device as device
from deras._src.core.dtypes import DType as DType
from deras._src.core.dtypes import as_dtype as as_dtype
from deras._src.core.dtypes import bfloat16 as bfloat16
from deras._src.core.dtypes import bool_ as _bool
from deras._src.core.dtypes import complex128 as complex128
from deras._src.core.dtypes import complex64 as complex64
from deras._src.core.dtypes import double as double
from deras._src.core.dtypes import float16 as float16
from deras._src.core.dtypes import float32 as float32
from deras._src.core.dtypes import float64 as float64
from deras._src.core.dtypes import half as half
from deras._src.core.dtypes import int16 as int16
from deras._src.core.dtypes import int32 as int32
from deras._src.core.dtypes import int64 as int64
from deras._src.core.dtypes import int8 as int8
from deras._src.core.dtypes import qint16 as qint16
from deras._src.core.dtypes import qint32 as qint32
from deras._src.core.dtypes import qint8 as qint8
from deras._src.core.dtypes import quint16 as quint16
from deras._src.core.dtypes import quint8 as quint8
from deras._src.core.dtypes import resource as resource
from deras._src.core.dtypes import string as string
from deras._src.core.dtypes import uint16 as uint16
from deras._src.core.dtypes import uint32 as uint32
from deras._src.core.dtypes import uint64 as uint64
from deras._src.core.dtypes import uint8 as uint8
from deras._src.core.dtypes import variant as variant
from deras._src.core.indexed_slices import IndexedSlices as IndexedSlices
from deras._src.core.names import get_current_name_scope as get_current_name_scope
from deras._src.core.names import name_scope as name_scope
from deras._src.core.tensor import Tensor as Tensor
from deras._src.core.tensor_shape import TensorShape as TensorShape
from deras._src.core.tensor_shape import broadcast_static_shape as broadcast_static_shape
from deras._src.core.type_spec import IndexedSlicesSpec as IndexedSlicesSpec
from deras._src.core.type_spec import NoneTensorSpec as NoneTensorSpec
from deras._src.core.type_spec import TensorSpec as TensorSpec
from deras._src.core.type_spec import TypeSpec as TypeSpec
from deras._src.core.type_spec import type_spec_from_value as type_spec_from_value
from deras._src.data.specs import OptionalSpec as OptionalSpec
from deras._src.function.polymorphic import function as function
from deras._src.host_ops.array_mask import boolean_mask as boolean_mask
from deras._src.host_ops.array_mask import where as where
from deras._src.host_ops.array_unique import dynamic_partition as dynamic_partition
from deras._src.host_ops.array_unique import dynamic_stitch as dynamic_stitch
from deras._src.host_ops.array_unique import unique as unique
from deras._src.host_ops.array_unique import unique_with_counts as unique_with_counts
from deras._src.host_ops.printing import print_v2 as _print_v2
from deras._src.ops.array_constant import constant as constant
from deras._src.ops.array_constant import convert_to_tensor as convert_to_tensor
from deras._src.ops.array_constant import get_static_value as get_static_value
from deras._src.ops.array_constant import guarantee_const as guarantee_const
from deras._src.ops.array_constant import identity as identity
from deras._src.ops.array_constant import identity_n as identity_n
from deras._src.ops.array_constant import is_symbolic_tensor as is_symbolic_tensor
from deras._src.ops.array_constant import is_tensor as is_tensor
from deras._src.ops.array_constant import stop_gradient as stop_gradient
from deras._src.ops.array_fill import eye as eye
from deras._src.ops.array_fill import fill as fill
from deras._src.ops.array_fill import linspace as linspace
from deras._src.ops.array_fill import meshgrid as meshgrid
from deras._src.ops.array_fill import ones as ones
from deras._src.ops.array_fill import ones_like as ones_like
from deras._src.ops.array_fill import range_ as _range
from deras._src.ops.array_fill import zeros as zeros
from deras._src.ops.array_fill import zeros_like as zeros_like
from deras._src.ops.array_gather import gather as gather
from deras._src.ops.array_gather import gather_nd as gather_nd
from deras._src.ops.array_histogram import histogram_fixed_width as histogram_fixed_width
from deras._src.ops.array_histogram import histogram_fixed_width_bins as histogram_fixed_width_bins
from deras._src.ops.array_join import concat as concat
from deras._src.ops.array_join import parallel_stack as parallel_stack
from deras._src.ops.array_join import split as split
from deras._src.ops.array_join import stack as stack
from deras._src.ops.array_join import unstack as unstack
from deras._src.ops.array_order import batch_to_space as batch_to_space
from deras._src.ops.array_order import (
    required_space_to_batch_paddings as required_space_to_batch_paddings,
)
from deras._src.ops.array_order import reverse as reverse
from deras._src.ops.array_order import reverse_sequence as reverse_sequence
from deras._src.ops.array_order import roll as roll
from deras._src.ops.array_order import space_to_batch as space_to_batch
from deras._src.ops.array_order import space_to_batch_nd as space_to_batch_nd
from deras._src.ops.array_repeat import pad as pad
from deras._src.ops.array_repeat import repeat as repeat
from deras._src.ops.array_repeat import tile as tile
from deras._src.ops.array_scatter import scatter_nd as scatter_nd
from deras._src.ops.array_scatter import tensor_scatter_nd_add as tensor_scatter_nd_add
from deras._src.ops.array_scatter import tensor_scatter_nd_max as tensor_scatter_nd_max
from deras._src.ops.array_scatter import tensor_scatter_nd_min as tensor_scatter_nd_min
from deras._src.ops.array_scatter import tensor_scatter_nd_sub as tensor_scatter_nd_sub
from deras._src.ops.array_scatter import tensor_scatter_nd_update as tensor_scatter_nd_update
from deras._src.ops.array_select import one_hot as one_hot
from deras._src.ops.array_select import sequence_mask as sequence_mask
from deras._src.ops.array_shape import broadcast_dynamic_shape as broadcast_dynamic_shape
from deras._src.ops.array_shape import broadcast_to as broadcast_to
from deras._src.ops.array_shape import ensure_shape as ensure_shape
from deras._src.ops.array_shape import expand_dims as expand_dims
from deras._src.ops.array_shape import rank as rank
from deras._src.ops.array_shape import reshape as reshape
from deras._src.ops.array_shape import shape as shape
from deras._src.ops.array_shape import shape_n as shape_n
from deras._src.ops.array_shape import size as size
from deras._src.ops.array_shape import squeeze as squeeze
from deras._src.ops.array_shape import transpose as transpose
from deras._src.ops.array_slice import slice_ as _slice
from deras._src.ops.array_slice import strided_slice as strided_slice
from deras._src.ops.array_sort import argsort as argsort
from deras._src.ops.array_sort import searchsorted as searchsorted
from deras._src.ops.array_sort import sort as sort
from deras._src.ops.array_sort import unravel_index as unravel_index
from deras._src.ops.clip import clip_by_global_norm as clip_by_global_norm
from deras._src.ops.clip import clip_by_norm as clip_by_norm
from deras._src.ops.clip import clip_by_value as clip_by_value
from deras._src.ops.debugging import Assert as Assert
from deras._src.ops.debugging import assert_equal as assert_equal
from deras._src.ops.debugging_static import assert_rank as assert_rank
from deras._src.ops.grouping import control_dependencies as control_dependencies
from deras._src.ops.grouping import group as group
from deras._src.ops.grouping import no_op as no_op
from deras._src.ops.grouping import tuple as tuple
from deras._src.ops.linalg_decompose import eig as eig
from deras._src.ops.linalg_decompose import eigh as _eigh
from deras._src.ops.linalg_decompose import eigvals as eigvals
from deras._src.ops.linalg_decompose import eigvalsh as _eigvalsh
from deras._src.ops.linalg_einsum import einsum as einsum
from deras._src.ops.linalg_functions import sqrtm as _sqrtm
from deras._src.ops.linalg_matmul import matmul as matmul
from deras._src.ops.linalg_matmul import tensordot as tensordot
from deras._src.ops.linalg_norm import norm as norm
from deras._src.ops.math_binary import add as add
from deras._src.ops.math_binary import atan2 as atan2
from deras._src.ops.math_binary import maximum as maximum
from deras._src.ops.math_binary import minimum as minimum
from deras._src.ops.math_binary import multiply as multiply
from deras._src.ops.math_binary import negative as negative
from deras._src.ops.math_binary import pow as pow
from deras._src.ops.math_binary import scalar_mul as scalar_mul
from deras._src.ops.math_binary import subtract as subtract
from deras._src.ops.math_cast import bitcast as bitcast
from deras._src.ops.math_cast import cast as cast
from deras._src.ops.math_cast import complex as complex
from deras._src.ops.math_cast import saturate_cast as saturate_cast
from deras._src.ops.math_compare import equal as equal
from deras._src.ops.math_compare import greater as greater
from deras._src.ops.math_compare import greater_equal as greater_equal
from deras._src.ops.math_compare import less as less
from deras._src.ops.math_compare import less_equal as less_equal
from deras._src.ops.math_compare import logical_and as logical_and
from deras._src.ops.math_compare import logical_not as logical_not
from deras._src.ops.math_compare import logical_or as logical_or
from deras._src.ops.math_compare import not_equal as not_equal
from deras._src.ops.math_cumulative import cumsum as cumsum
from deras._src.ops.math_division import divide as divide
from deras._src.ops.math_division import realdiv as realdiv
from deras._src.ops.math_division import truediv as truediv
from deras._src.ops.math_division import truncatediv as truncatediv
from deras._src.ops.math_division import truncatemod as truncatemod
from deras._src.ops.math_nary import add_n as add_n
from deras._src.ops.math_reduce import reduce_all as reduce_all
from deras._src.ops.math_reduce import reduce_any as reduce_any
from deras._src.ops.math_reduce import reduce_max as reduce_max
from deras._src.ops.math_reduce import reduce_mean as reduce_mean
from deras._src.ops.math_reduce import reduce_min as reduce_min
from deras._src.ops.math_reduce import reduce_prod as reduce_prod
from deras._src.ops.math_reduce import reduce_sum as reduce_sum
from deras._src.ops.math_statistics import argmax as argmax
from deras._src.ops.math_statistics import argmin as argmin
from deras._src.ops.math_statistics import reduce_logsumexp as reduce_logsumexp
from deras._src.ops.math_trig import acos as acos
from deras._src.ops.math_trig import acosh as acosh
from deras._src.ops.math_trig import asin as asin
from deras._src.ops.math_trig import asinh as asinh
from deras._src.ops.math_trig import atan as atan
from deras._src.ops.math_trig import atanh as atanh
from deras._src.ops.math_trig import cos as cos
from deras._src.ops.math_trig import cosh as cosh
from deras._src.ops.math_trig import sin as sin
from deras._src.ops.math_trig import sinh as sinh
from deras._src.ops.math_trig import tan as tan
from deras._src.ops.math_unary import abs as abs
from deras._src.ops.math_unary import exp as exp
from deras._src.ops.math_unary import floor as floor
from deras._src.ops.math_unary import round as round
from deras._src.ops.math_unary import sigmoid as sigmoid
from deras._src.ops.math_unary import sign as sign
from deras._src.ops.math_unary import sqrt as sqrt
from deras._src.ops.math_unary import square as square
from deras._src.ops.math_unary import tanh as tanh
from deras._src.state.initializers import Constant as _Constant
from deras._src.state.initializers import Ones as _Ones
from deras._src.state.initializers import RandomNormal as _RandomNormal
from deras._src.state.initializers import RandomUniform as _RandomUniform
from deras._src.state.initializers import Zeros as _Zeros
from deras._src.state.module import Module as Module
from deras._src.state.variable import Variable as Variable
from deras._src.state.variable import VariableAggregation as VariableAggregation
from deras._src.state.variable import VariableSynchronization as VariableSynchronization
from deras._src.tape.gradient_tape import GradientTape as GradientTape
from deras._src.tape.gradient_tape import UnconnectedGradients as UnconnectedGradients
from deras._src.tape.graph_gradients import AggregationMethod as AggregationMethod
from deras._src.tape.graph_gradients import gradients as gradients
from deras._src.tape.graph_gradients import hessians as hessians
from deras._src.util.logger import get_logger as get_logger
from deras import autodiff as autodiff
from deras import autograph as autograph
from deras import bitwise as bitwise
from deras import config as config
from deras import data as data
from deras import debug as debug
from deras import debugging as debugging
from deras import dtypes as dtypes
from deras import errors as errors
from deras import experimental as experimental
from deras import image as image
from deras import io as io
from deras import linalg as linalg
from deras import math as math
from deras import nest as nest
from deras import nn as nn
from deras import random as random
from deras import strings as strings
from deras import sysconfig as sysconfig
from deras import test as test
from deras import train as train
from deras import types as types
from deras import version as version

bool = _bool
constant_initializer = _Constant
matrix_square_root = _sqrtm
newaxis = None
ones_initializer = _Ones
print = _print_v2
random_normal_initializer = _RandomNormal
random_uniform_initializer = _RandomUniform
range = _range
self_adjoint_eig = _eigh
self_adjoint_eigvals = _eigvalsh
slice = _slice
zeros_initializer = _Zeros


def __getattr__(name: str) -> _Any:
    if name == "keras":
        return _importlib.import_module("deras.keras")
    if name in ("initializers", "losses", "metrics", "optimizers"):
        return getattr(_importlib.import_module("deras.keras"), name)
    return _missing_attribute(name)


_missing_attribute = _missing(__name__)
