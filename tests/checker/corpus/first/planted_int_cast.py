import tensorflow as tf

scale = tf.Variable(2.0)
with tf.GradientTape() as tape:
    level = tf.cast(scale * 10.0, tf.int32)  # expect: DRS202
    loss = tf.cast(level, tf.float32) ** 2
g = tape.gradient(loss, scale)
print(g)
