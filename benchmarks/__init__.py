"""Speed as ratios: the product and the smallest honest pages of the same work, under the same server, in one
run on one machine."""
