"""What a sync would do, as data: order, orphans and guards, decided before the first write."""
