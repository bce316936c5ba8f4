"""Everything that may cross from one process or machine to another: frozen types, no I/O, no arrays.

A block of raw sound or a picture has no type here and no serializer, so it cannot cross by accident.
"""
