"""What was driven: record it, keep it, play it back."""
