//! Ledger files: reads and writes `ledger/<account>/<name>.yaml`.
