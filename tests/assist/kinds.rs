//! Made soon: kinds of this room.
