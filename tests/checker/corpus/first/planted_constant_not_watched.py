import tensorflow as tf

x = tf.constant([1.0, 2.0, 3.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(x**3)
dx = tape.gradient(y, x)  # expect: DRS207
print(dx)
