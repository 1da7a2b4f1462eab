"""What notebooks ask beyond one measurement: other witnesses, more workers, doctored records, known truths, claims."""
