"""What one visitor asks and is shown: the question, its link, its runs and their story."""
