"""The health of the store of the history, for ``GET /metrics``."""

from prometheus_client import Counter, Gauge

STORE_FAILURES = Counter(
    "evenkeel_store_failures_total", "Batches that the store did not take and that were tried again"
)
DROPPED = Counter("evenkeel_records_dropped_total", "Records that could not be kept", ["kind"])
WAITING_ROWS = Gauge("evenkeel_rows_waiting", "Rows that wait to be stored", multiprocess_mode="livesum")
SHIPPED = Counter("evenkeel_bodies_shipped_total", "Bodies whose contents went to the store of objects")
KEPT_BACK = Counter(
    "evenkeel_bodies_kept_back_total",
    "Bodies that went to the database, the store of objects being away or slow, or the process ending",
)
LEFT_OUT = Counter(
    "evenkeel_bodies_left_out_total", "Bodies not kept because too many places in them look like secrets"
)
