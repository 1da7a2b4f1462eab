"""One reason for doubt per file; the file's docstring is the rule's page: claim, reason, threshold, source."""
