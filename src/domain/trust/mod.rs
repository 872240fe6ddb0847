//! Trust: evidence, policy, verdicts. Three-valued: unknown is never a pass. Fetches nothing, signs nothing.
