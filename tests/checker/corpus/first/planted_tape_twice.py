import tensorflow as tf

x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x * x
    z = y * y
dy = tape.gradient(y, x)
dz = tape.gradient(z, x)  # expect: DRS206
print(dy, dz)
