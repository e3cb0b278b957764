import tensorflow as tf


def normalise(x, y):
    return tf.cast(x, tf.float32) / 255.0, y


def augment(x, y):
    return tf.image.random_flip_left_right(x), y


def make(x, y, training):
    ds = tf.data.Dataset.from_tensor_slices((x, y)).map(normalise).cache()
    if training:
        ds = ds.shuffle(1000).map(augment)
    return ds.batch(32).prefetch(tf.data.AUTOTUNE)
