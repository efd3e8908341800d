"""The REST door: one module a noun, the contract's names."""
