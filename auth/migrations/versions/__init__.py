"""The steps. Each says what it was made of at its time, and nothing here changes once it was released."""
