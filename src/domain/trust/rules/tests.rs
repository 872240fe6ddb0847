//! Rules on made-up images, with hostile ones by family.
