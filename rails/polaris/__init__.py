"""Run an unmodified Polaris ``RailsIntegration`` class as a rail.

``rail.py`` asks the class and turns what it sets into facts, ``rows.py`` are the rows it is shown in place of database
rows, ``modules.py`` supplies the names it imports where django and polaris are not installed.
"""

from rails.polaris.rail import PolarisRail

__all__ = ["PolarisRail"]
