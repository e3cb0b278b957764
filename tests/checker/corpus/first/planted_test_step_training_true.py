import tensorflow as tf


class Classifier(tf.keras.Model):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def call(self, x, training=False):
        return self.backbone(x, training=training)

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=True)  # expect: DRS302
        loss = self.compute_loss(y=y, y_pred=y_pred)
        return {"loss": loss}
