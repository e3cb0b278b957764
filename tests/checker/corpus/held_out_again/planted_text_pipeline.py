import tensorflow as tf

tf.random.set_seed(0)


def mask(tokens):
    drop = tf.random.uniform(tf.shape(tokens)) < 0.15
    return tf.where(drop, tf.zeros_like(tokens), tokens)


lines = tf.data.TextLineDataset("corpus.txt")
ids = lines.map(tf.strings.length).map(mask).cache()  # expect: DRS402
ids.batch(32)  # expect: DRS403
out = ids.padded_batch(32).prefetch(2).shuffle(100)  # expect: DRS401
