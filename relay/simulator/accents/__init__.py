"""The accents in which servers speak a dialect: on request, the simulator's streams take their forms."""
