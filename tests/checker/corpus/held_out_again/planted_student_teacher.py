import tensorflow as tf

teacher = tf.keras.Sequential([tf.keras.layers.Dense(10)])
student = tf.keras.Sequential([tf.keras.layers.Dropout(0.1), tf.keras.layers.Dense(10)])
opt = tf.keras.optimizers.Adam()
kld = tf.keras.losses.KLDivergence()


@tf.function
def distil(x):
    soft = tf.nn.softmax(teacher(x, training=False) / 4.0)
    with tf.GradientTape() as tape:
        loss = kld(soft, tf.nn.softmax(student(x) / 4.0))  # expect: DRS301
    grads = tape.gradient(loss, student.trainable_variables)
    opt.apply_gradients(zip(grads, teacher.trainable_variables))  # expect: DRS205
    return loss
