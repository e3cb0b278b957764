import tensorflow as tf

base = tf.keras.applications.ResNet50()
grad_model = tf.keras.Model(base.inputs, [base.get_layer("conv5_block3_out").output, base.output])


def heatmap(image, index=None):
    with tf.GradientTape() as tape:
        features, predictions = grad_model(image)
        if index is None:
            index = tf.argmax(predictions[0])
        score = predictions[:, index]
    grads = tape.gradient(score, features)
    pooled = tf.reduce_mean(grads, axis=(0, 1, 2))
    return tf.maximum(features[0] @ pooled[..., None], 0.0).numpy()
