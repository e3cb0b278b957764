import tensorflow as tf


def prepare(ds: tf.data.Dataset):
    data = tf.data.Dataset.zip((ds, ds))
    data.shuffle(100).repeat()  # expect: DRS403
    return data.batch(4)
