"""Tests of laion2b.exports."""
