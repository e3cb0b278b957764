import tensorflow as tf

gate = tf.Variable([0.2, 0.8])
opt = tf.keras.optimizers.SGD(0.1)
for _ in range(5):
    with tf.GradientTape() as tape:
        active = tf.math.count_nonzero(tf.nn.relu(gate), dtype=tf.float32)  # expect: DRS202
        loss = 0.1 * active
    opt.apply_gradients([(tape.gradient(loss, gate), gate)])
