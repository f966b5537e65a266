-- Snapshots are kept beside the journal now, and those of the first form are of no use any more.
DELETE FROM snapshots;
