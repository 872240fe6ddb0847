//! Made soon: drafts of this room.
