import tensorflow as tf

files = tf.data.Dataset.list_files("data/*.tfrecord", shuffle=True)
spec = {"x": tf.io.FixedLenFeature([8], tf.float32), "y": tf.io.FixedLenFeature([], tf.int64)}


def parse(record):
    row = tf.io.parse_single_example(record, spec)
    if row["y"] < 0:
        label = tf.constant(0, tf.int64)
    else:
        label = row["y"]
    return row["x"], label


ds = (
    files.interleave(tf.data.TFRecordDataset, cycle_length=4)
    .shuffle(10_000)
    .map(parse, num_parallel_calls=tf.data.AUTOTUNE)
    .batch(128, drop_remainder=True)
    .unbatch()
    .shuffle(100)
    .batch(32)
    .prefetch(1)
)
