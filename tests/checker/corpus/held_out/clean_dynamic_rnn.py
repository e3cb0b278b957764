import tensorflow as tf

cell = tf.keras.layers.LSTMCell(16)


@tf.function(reduce_retracing=True)
def encode(x):
    state = cell.get_initial_state(batch_size=tf.shape(x)[0])
    outputs = tf.TensorArray(tf.float32, size=tf.shape(x)[1])
    for t in tf.range(tf.shape(x)[1]):
        out, state = cell(x[:, t], state)
        outputs = outputs.write(t, out)
        if tf.reduce_all(tf.abs(out) < 1e-6):
            break
    return tf.transpose(outputs.stack(), [1, 0, 2])
