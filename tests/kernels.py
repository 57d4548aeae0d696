"""Compile the model's kernels into their cache, so that tests side by side need not each compile them."""

from abm.scenarios.simulate import compile_shipped

if __name__ == "__main__":
    compile_shipped()
