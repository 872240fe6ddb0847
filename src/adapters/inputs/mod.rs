//! Inputs: the files beside a recipe, opened beneath its folder and never through a link out of it.
