import numpy as np
import tensorflow as tf


@tf.function
def discriminator_step(discriminator, real, fake, loss_fn):
    both = np.concatenate([real, fake], axis=0)  # expect: DRS105
    labels = tf.concat([tf.ones([32, 1]), tf.zeros([32, 1])], axis=0)
    return loss_fn(labels, discriminator(both, training=True))
