"""Hand-made timbre features of a mixture and of its parts, and support vector machines on them, as torch modules.

The baseline that deep networks for this task are compared with.
"""
