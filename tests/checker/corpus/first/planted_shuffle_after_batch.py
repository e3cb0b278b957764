import tensorflow as tf

(x, y), _ = tf.keras.datasets.mnist.load_data()
ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(64).shuffle(1000)  # expect: DRS401
