"""`deras.nn`: the public names of TensorFlow's `tf.nn`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.ops.math_unary import sigmoid as sigmoid
from deras._src.ops.math_unary import softplus as softplus
from deras._src.ops.math_unary import softsign as softsign
from deras._src.ops.math_unary import tanh as tanh
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
from deras._src.ops.nn_softmax import log_softmax as log_softmax
from deras._src.ops.nn_softmax import softmax as softmax
from deras._src.ops.nn_softmax import (
    softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits,
)
from deras._src.ops.nn_softmax import (
    sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits,
)

lrn = _local_response_normalization

__getattr__ = _missing(__name__)
