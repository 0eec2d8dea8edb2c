"""Networks: loading, groups, surgery, costs, training and evaluation; all that touches modules."""
