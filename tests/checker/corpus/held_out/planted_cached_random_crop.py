import tensorflow as tf
from tensorflow.keras import layers

augmenter = tf.keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)])
train = tf.keras.utils.image_dataset_from_directory("train")
train = train.map(lambda x, y: (augmenter(x, training=True), y))
train = train.cache().prefetch(2)  # expect: DRS402
