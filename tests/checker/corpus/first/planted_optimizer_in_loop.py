import tensorflow as tf

w = tf.Variable(3.0)
for step in range(100):
    opt = tf.keras.optimizers.SGD(0.1, momentum=0.9)  # expect: DRS113
    with tf.GradientTape() as tape:
        loss = w**2
    opt.apply_gradients([(tape.gradient(loss, w), w)])
