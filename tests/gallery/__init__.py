"""The gallery: the page of a request for every fault and every outcome, as text and as pictures."""
