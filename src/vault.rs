//! age files: who can open a secret, sealing, opening. Knows no provider.
