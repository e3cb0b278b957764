import tensorflow as tf

best = float("inf")
patience = 0
model = tf.keras.Sequential([tf.keras.layers.Dense(1)])


@tf.function
def val_step(x, y):
    return tf.reduce_mean((model(x, training=False) - y) ** 2)


for epoch in range(100):
    loss = float(val_step(tf.zeros([2, 2]), tf.zeros([2, 1])))
    if loss < best:
        best, patience = loss, 0
    else:
        patience += 1
        if patience > 5:
            break
