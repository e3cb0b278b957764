import tensorflow as tf

model = tf.keras.applications.ResNet50(weights="imagenet")
cce = tf.keras.losses.CategoricalCrossentropy()


def fgsm(image, label, eps=0.01):
    image = tf.convert_to_tensor(image)
    with tf.GradientTape() as tape:
        prediction = model(image)
        loss = cce(label, prediction)
    gradient = tape.gradient(loss, image)  # expect: DRS207
    return image + eps * tf.sign(gradient)
