"""Work on a request is linear in its length: counted operation by operation, in no time of any clock."""
