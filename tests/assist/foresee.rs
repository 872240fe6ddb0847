//! Made soon: foresee of this room.
