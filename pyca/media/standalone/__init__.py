"""Programs that are run as scripts, each of which uses Python's own library alone.

They have a folder of their own, because a script's folder is where Python looks for modules first.
"""
