"""Batch: many files to many results, on this machine's processors or on a cluster.

::

    paths -> items -> engine: worker, worker ... -> outcomes -> journal, tables
                      (batch.local, batch.ray)

An engine is a function from items and `Settings` to outcomes, in whatever order they come. What an item becomes follows
from its bytes, the networks and the settings alone; the journal in the output folder remembers by their hashes what is
done, so that a run can be stopped at any time and resumed.
"""
