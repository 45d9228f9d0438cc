"""The admin's start page, navigation and error pages."""
