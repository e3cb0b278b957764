import tensorflow as tf


def input_fn(files, batch_size=32):
    dataset = tf.data.TFRecordDataset(files)
    dataset = dataset.map(lambda s: tf.io.parse_tensor(s, tf.float32))
    dataset = dataset.batch(batch_size)
    dataset = dataset.shuffle(buffer_size=10)  # expect: DRS401
    return dataset.prefetch(1)
