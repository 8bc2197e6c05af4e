"""Config flows: one file per flow. They ask only what cannot be detected, and prove the answer before saving it."""
