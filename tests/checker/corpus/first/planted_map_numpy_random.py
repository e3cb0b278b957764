import numpy as np
import tensorflow as tf


def augment(image, label):
    if np.random.rand() > 0.5:  # expect: DRS103
        image = tf.image.flip_left_right(image)
    return image, label


ds = tf.data.Dataset.from_tensor_slices((tf.zeros([8, 4, 4, 3]), tf.zeros([8])))
ds = ds.map(augment).batch(4)
