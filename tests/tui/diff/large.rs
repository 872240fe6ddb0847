//! What grows with an image stays out of `update` and of drawing.
