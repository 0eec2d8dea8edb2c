"""From the front to a folder that runs without this product: pick, export, prove, bundle."""
