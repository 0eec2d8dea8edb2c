"""Scripts that an exported folder takes along as they are: nothing of this product is imported."""
