-- Snapshots of the first form are of no use any more.
DELETE FROM snapshots;
