import tensorflow as tf

model = tf.keras.applications.MobileNetV2()


def saliency(path):
    image = tf.io.decode_jpeg(tf.io.read_file(path))
    image = tf.image.resize(image, [224, 224])[None]
    with tf.GradientTape() as tape:
        scores = model(image)
        top = tf.reduce_max(scores, axis=-1)
    return tape.gradient(top, image)  # expect: DRS207
