import tensorflow as tf


def load(path):
    name = path.numpy().decode()  # expect: DRS106
    return tf.io.read_file(name)


files = tf.data.Dataset.list_files("images/*.png")
images = files.map(load, num_parallel_calls=tf.data.AUTOTUNE)
