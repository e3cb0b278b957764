import tensorflow as tf


class Pool(tf.keras.layers.Layer):
    def __init__(self, mode="mean", **kwargs):
        super().__init__(**kwargs)
        if mode not in ("mean", "max"):
            raise ValueError(mode)
        self.mode = mode
        self.supports_masking = True

    def call(self, inputs, mask=None):
        if isinstance(inputs, (list, tuple)):
            inputs = tf.concat([tf.cast(i, tf.float32) for i in inputs], axis=-1)
        if mask is None:
            mask = tf.ones(tf.shape(inputs)[:2])
        weights = tf.cast(mask, inputs.dtype)[..., None]
        if self.mode == "mean":
            return tf.reduce_sum(inputs * weights, 1) / tf.maximum(tf.reduce_sum(weights, 1), 1.0)
        assert inputs.shape.rank == 3, inputs.shape
        return tf.reduce_max(inputs + (1.0 - weights) * inputs.dtype.min, axis=1)
