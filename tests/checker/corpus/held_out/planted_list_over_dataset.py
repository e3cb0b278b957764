import tensorflow as tf


@tf.function
def predict_all(model, dataset: tf.data.Dataset):
    out = []
    for row in tf.range(100):
        value = tf.cast(row, tf.float32)
        out += [value]  # expect: DRS109
        out.append(value * 2.0)  # expect: DRS109
    return out
