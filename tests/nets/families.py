"""The network families that are supported and tested, named in one place."""

IMAGE_SIZE = 64
CLASSES = 10

FAST: tuple[str, ...] = (
    "torchvision/resnet18",
    "torchvision/mobilenet_v3_small",
    "torchvision/densenet121",
    "torchvision/squeezenet1_1",
    "timm/tf_efficientnet_lite0",
)
"""Small and different from each other: tried at every commit."""

FAMILIES: tuple[str, ...] = (
    *FAST,
    "torchvision/vgg16",
    "torchvision/vgg16_bn",
    "torchvision/resnet50",
    "torchvision/resnext50_32x4d",
    "torchvision/mobilenet_v2",
    "torchvision/efficientnet_b0",
    "torchvision/convnext_tiny",
    "torchvision/regnet_y_400mf",
    "torchvision/googlenet",
)
"""All supported families: tried in the soak."""
