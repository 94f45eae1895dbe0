"""What is measured, and against whom. `make bench` runs it; nothing here is a test."""
