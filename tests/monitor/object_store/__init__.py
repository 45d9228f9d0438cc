"""Tests of ``monitor/object_store``: which keys, and a real server of objects."""
