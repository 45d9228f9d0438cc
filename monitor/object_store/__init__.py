"""Where the contents of bodies lie when they do not lie in the database: a store of objects, as S3 is one."""
