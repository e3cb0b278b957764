import tensorflow as tf


@tf.function
def train_step(x, step):
    tf.summary.scalar("mean", tf.reduce_mean(x), step=step)
    return x


def loop(dataset):
    for i, x in enumerate(dataset):
        train_step(x, i)  # expect: DRS115
