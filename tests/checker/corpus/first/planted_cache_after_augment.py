import tensorflow as tf


def augment(image, label):
    image = tf.image.random_flip_left_right(image)
    return tf.image.random_brightness(image, 0.2), label


ds = tf.data.Dataset.from_tensor_slices((tf.zeros([8, 4, 4, 3]), tf.zeros([8])))
ds = ds.map(augment).cache()  # expect: DRS402
ds = ds.shuffle(8).batch(2)
