"""The ways in which people meet the model: the command line (`cli`) and the page (`page`).

`terminal` prints, `pictures` draws files, and `reference` writes the pages of the documentation that follow from the
declarations of the model.
"""
