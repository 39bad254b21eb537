"""Looks a profile over before it serves: every error with its place, and the legal price caps."""

from kinline.rulecheck.check import Finding, Report, check_profile

__all__ = ["Finding", "Report", "check_profile"]
