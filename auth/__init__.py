"""Allow it: who may do what, and the gate that refuses everything else."""
