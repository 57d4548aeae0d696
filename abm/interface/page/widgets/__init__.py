"""The widgets of the page, and the scripts that browsers run for them."""
