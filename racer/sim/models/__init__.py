"""Equations of motion, one file per vehicle model."""
