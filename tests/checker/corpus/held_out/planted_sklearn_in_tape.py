import numpy as np
import tensorflow as tf

w = tf.Variable([0.5, -0.5])
data = np.random.rand(10, 2).astype("float32")
with tf.GradientTape() as tape:
    scores = tf.linalg.matvec(data, w)
    loss = tf.constant(np.mean(np.square(scores.numpy())))  # expect: DRS203
print(tape.gradient(loss, w))
