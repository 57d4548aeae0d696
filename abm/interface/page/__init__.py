"""The page: a policy laboratory in the browser, and the widgets that draw in it."""
