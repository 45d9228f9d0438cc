"""Where secrets stand in text from outside: found by shape, by name, or because they are known. PURE.

All work is linear in the length of the text and bounded: every expression is one of RE2's (``linear``).
"""
