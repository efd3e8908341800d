"""What a page is made of; reads no data."""
