import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
x, y = tf.zeros([4, 2]), tf.zeros([4, 1])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
grads = tape.gradient(loss, model.get_weights())  # expect: DRS205
print(grads)
