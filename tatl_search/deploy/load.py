"""Load an exported folder back into torch."""

from collections.abc import Collection
from pathlib import Path

from torch import nn

from tatl_search.deploy.checksums import verify_checksums
from tatl_search.deploy.shipped.verify import MOST_TEXT_BYTES
from tatl_search.errors import InputError
from tatl_search.nets.structure import STRUCTURE_FILE, WEIGHTS_FILE, load_network

NETWORK_FILES = (STRUCTURE_FILE, WEIGHTS_FILE)
"""What a network is rebuilt from."""


def load(folder: Path | str, trust: Collection[str] = ()) -> nn.Module:
    """Return the network of an exported folder as a torch module in eval mode, on the CPU.

    It takes (N, 3, S, S) float images normalised as `preprocessing.json` says and returns
    (N, classes) logits in the order of `labels.txt`.

    Args:
        folder: a folder that `tatl-search pick` wrote.
        trust: packages or modules, as in `["my_package"]`, whose code may run where the network is
            one of a user's own. Their callables get the arguments that the folder holds.

    Raises:
        InputError: the folder is no exported network, is damaged, was made by a newer version, or
            needs code that is not trusted or not here. Nothing else in it is trusted: no size it
            declares is allocated before it was compared with the network that its library or
            callable builds.

    Example:
        >>> import tatl_search, torch
        >>> network = tatl_search.load("my-network")
        >>> network(torch.zeros(1, 3, 32, 32)).shape
        torch.Size([1, 10])
    """
    root = Path(folder)
    verify_checksums(root, NETWORK_FILES)
    structure = root / STRUCTURE_FILE
    if structure.stat().st_size > MOST_TEXT_BYTES:
        raise InputError(f"{structure} is larger than {MOST_TEXT_BYTES} bytes: it is damaged")
    network, _, _ = load_network(root, [trust] if isinstance(trust, str) else trust)
    return network.module
