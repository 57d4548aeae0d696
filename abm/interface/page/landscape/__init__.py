"""The tab Landscape: a response over two or three levers."""
