"""Write files so that nobody ever finds half of one: put in place whole, by one process at a time, as Parquet.

`durable` replaces a file so that a power cut leaves the old one or the new one; `lock` and `claim` keep two processes
from writing the same thing; `destination` checks where a command may write before it works; `enclosure` refuses links
that lead out of a directory; `parquet` is the door to pyarrow.
"""
