"""The scan: a pure engine, a schedule, and the service that runs them."""
