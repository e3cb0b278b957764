import tensorflow as tf

vgg = tf.keras.applications.VGG19(include_top=False)
vgg.trainable = False
extractor = tf.keras.Model(vgg.inputs, vgg.get_layer("block4_conv1").output)
opt = tf.keras.optimizers.Adam(0.02)


def transfer(content, steps=100):
    image = tf.Variable(content)
    target = extractor(content)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((extractor(image) - target) ** 2)
        grad = tape.gradient(loss, image)
        opt.apply_gradients([(grad, image)])
        image.assign(tf.clip_by_value(image, 0.0, 1.0))
        return loss

    for i in range(steps):
        loss = step()
    print(i, float(loss))
    return image.numpy()
