"""Static facts about notebooks and modules: what they import, read, define and fit.

Standard library only, Python 3.8 and newer. Nothing of the user's is imported or executed.
"""
