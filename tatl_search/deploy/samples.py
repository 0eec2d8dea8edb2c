"""A few validation images with what the network makes of them, for `verify`."""

from pathlib import Path

import numpy as np
import torch

from tatl_search.data.augment.crops import centre_crop
from tatl_search.data.target import TargetData
from tatl_search.deploy.parity import torch_classifier
from tatl_search.deploy.prove import sample_inputs
from tatl_search.nets.zoo import LoadedNetwork

SAMPLES_FILE = "samples.npz"
SAMPLES = 10


def write_samples(path: Path, network: LoadedNetwork, target: TargetData) -> None:
    """Write `images` (N, S, S, 3) uint8, not normalised, and torch's `logits` (N, classes)."""
    inputs = sample_inputs(network, target, SAMPLES)
    pixels = torch.from_numpy(target.val.pixels(slice(len(inputs))))
    images = np.ascontiguousarray(centre_crop(pixels, target.image_size).numpy())
    logits = torch_classifier(network.module)(inputs)
    np.savez_compressed(path, allow_pickle=False, images=images, logits=logits)
