"""Healing a history whose thinking signatures upstream refused: one logic, a view of each dialect's turns."""
