"""`deras.nn`: the public names of TensorFlow's `tf.nn`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.ops.array_order import depth_to_space as depth_to_space
from deras._src.ops.array_order import space_to_batch as space_to_batch
from deras._src.ops.array_order import space_to_depth as space_to_depth
from deras._src.ops.array_sort import in_top_k as in_top_k
from deras._src.ops.array_sort import top_k as top_k
from deras._src.ops.math_functions import l2_normalize as l2_normalize
from deras._src.ops.math_functions import zero_fraction as zero_fraction
from deras._src.ops.math_unary import sigmoid as sigmoid
from deras._src.ops.math_unary import softplus as softplus
from deras._src.ops.math_unary import softsign as softsign
from deras._src.ops.math_unary import tanh as tanh
from deras._src.ops.nn_activation import crelu as crelu
from deras._src.ops.nn_activation import elu as elu
from deras._src.ops.nn_activation import gelu as gelu
from deras._src.ops.nn_activation import leaky_relu as leaky_relu
from deras._src.ops.nn_activation import relu as relu
from deras._src.ops.nn_activation import relu6 as relu6
from deras._src.ops.nn_activation import selu as selu
from deras._src.ops.nn_activation import silu as silu
from deras._src.ops.nn_activation import silu as _silu
from deras._src.ops.nn_conv import atrous_conv2d as atrous_conv2d
from deras._src.ops.nn_conv import atrous_conv2d_transpose as atrous_conv2d_transpose
from deras._src.ops.nn_conv import conv1d as conv1d
from deras._src.ops.nn_conv import conv1d_transpose as conv1d_transpose
from deras._src.ops.nn_conv import conv2d as conv2d
from deras._src.ops.nn_conv import conv2d_transpose as conv2d_transpose
from deras._src.ops.nn_conv import conv3d as conv3d
from deras._src.ops.nn_conv import conv3d_transpose as conv3d_transpose
from deras._src.ops.nn_conv import conv_transpose as conv_transpose
from deras._src.ops.nn_conv import convolution as convolution
from deras._src.ops.nn_depthwise import depthwise_conv2d as depthwise_conv2d
from deras._src.ops.nn_depthwise import (
    depthwise_conv2d_backprop_filter as depthwise_conv2d_backprop_filter,
)
from deras._src.ops.nn_depthwise import (
    depthwise_conv2d_backprop_input as depthwise_conv2d_backprop_input,
)
from deras._src.ops.nn_depthwise import separable_conv2d as separable_conv2d
from deras._src.ops.nn_embedding import approx_max_k as approx_max_k
from deras._src.ops.nn_embedding import approx_min_k as approx_min_k
from deras._src.ops.nn_embedding import embedding_lookup as embedding_lookup
from deras._src.ops.nn_loss import compute_average_loss as compute_average_loss
from deras._src.ops.nn_loss import l2_loss as l2_loss
from deras._src.ops.nn_loss import log_poisson_loss as log_poisson_loss
from deras._src.ops.nn_loss import scale_regularization_loss as scale_regularization_loss
from deras._src.ops.nn_loss import (
    sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits,
)
from deras._src.ops.nn_loss import (
    weighted_cross_entropy_with_logits as weighted_cross_entropy_with_logits,
)
from deras._src.ops.nn_morphology import dilation2d as dilation2d
from deras._src.ops.nn_morphology import erosion2d as erosion2d
from deras._src.ops.nn_normalization import (
    batch_norm_with_global_normalization as batch_norm_with_global_normalization,
)
from deras._src.ops.nn_normalization import batch_normalization as batch_normalization
from deras._src.ops.nn_normalization import bias_add as bias_add
from deras._src.ops.nn_normalization import (
    local_response_normalization as local_response_normalization,
)
from deras._src.ops.nn_normalization import (
    local_response_normalization as _local_response_normalization,
)
from deras._src.ops.nn_normalization import moments as moments
from deras._src.ops.nn_normalization import normalize_moments as normalize_moments
from deras._src.ops.nn_normalization import sufficient_statistics as sufficient_statistics
from deras._src.ops.nn_normalization import weighted_moments as weighted_moments
from deras._src.ops.nn_pool import avg_pool1d as avg_pool1d
from deras._src.ops.nn_pool import avg_pool2d as avg_pool2d
from deras._src.ops.nn_pool import avg_pool3d as avg_pool3d
from deras._src.ops.nn_pool import avg_pool_nd as _avg_pool_nd
from deras._src.ops.nn_pool import max_pool1d as max_pool1d
from deras._src.ops.nn_pool import max_pool2d as max_pool2d
from deras._src.ops.nn_pool import max_pool3d as max_pool3d
from deras._src.ops.nn_pool import max_pool_nd as _max_pool_nd
from deras._src.ops.nn_pool import max_pool_with_argmax as max_pool_with_argmax
from deras._src.ops.nn_pool import pool as pool
from deras._src.ops.nn_softmax import log_softmax as log_softmax
from deras._src.ops.nn_softmax import softmax as softmax
from deras._src.ops.nn_softmax import (
    softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits,
)
from deras._src.ops.nn_softmax import (
    sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits,
)
from deras._src.state.dropout import dropout as dropout
from deras.nn import experimental as experimental

avg_pool = _avg_pool_nd
lrn = _local_response_normalization
max_pool = _max_pool_nd
swish = _silu

__getattr__ = _missing(__name__)
