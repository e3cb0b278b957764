import tensorflow as tf

net = tf.keras.Sequential([tf.keras.layers.Dense(3, "tanh")])
z = tf.random.normal([4, 2])
with tf.GradientTape() as tape:
    out = net(z)
jac = tape.batch_jacobian(out, z)  # expect: DRS207
print(jac.shape)
