"""Everyone is watched, the operators and us included."""
