from random import choice, uniform

import tensorflow as tf

AUTOTUNE = tf.data.AUTOTUNE


def distort(img, label):
    angle = uniform(-0.1, 0.1)  # expect: DRS103
    k = choice([0, 1, 2, 3])  # expect: DRS103
    img = tf.image.rot90(img, k)
    return img + angle, label


def pipeline(paths, labels):
    ds = tf.data.Dataset.from_tensor_slices((paths, labels))
    return ds.map(lambda p, l: (tf.io.decode_png(tf.io.read_file(p)), l)).map(distort).batch(8)
